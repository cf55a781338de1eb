package dev.tenon.backend.cpu;

import dev.tenon.engine.tck.contract.RecurrentOpsContract;

class CpuRecurrentOpsTest extends RecurrentOpsContract implements CpuUnderTest {}
