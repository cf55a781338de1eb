package dev.tenon.backend.cpu;

import dev.tenon.engine.tck.contract.AttentionOpsContract;

class CpuAttentionOpsTest extends AttentionOpsContract implements CpuUnderTest {}
