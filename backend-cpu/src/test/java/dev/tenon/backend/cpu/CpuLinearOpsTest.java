package dev.tenon.backend.cpu;

import dev.tenon.engine.tck.contract.LinearOpsContract;

class CpuLinearOpsTest extends LinearOpsContract implements CpuUnderTest {}
