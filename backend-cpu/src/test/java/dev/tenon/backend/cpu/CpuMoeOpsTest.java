package dev.tenon.backend.cpu;

import dev.tenon.engine.tck.contract.MoeOpsContract;

class CpuMoeOpsTest extends MoeOpsContract implements CpuUnderTest {}
