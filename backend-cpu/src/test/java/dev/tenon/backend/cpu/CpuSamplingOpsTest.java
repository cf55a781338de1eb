package dev.tenon.backend.cpu;

import dev.tenon.engine.tck.contract.SamplingOpsContract;

class CpuSamplingOpsTest extends SamplingOpsContract implements CpuUnderTest {}
