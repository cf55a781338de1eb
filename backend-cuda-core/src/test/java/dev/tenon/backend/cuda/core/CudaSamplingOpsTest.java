package dev.tenon.backend.cuda.core;

import dev.tenon.engine.tck.contract.SamplingOpsContract;

class CudaSamplingOpsTest extends SamplingOpsContract implements CudaUnderTest {}
