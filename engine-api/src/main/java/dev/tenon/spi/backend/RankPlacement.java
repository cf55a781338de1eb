package dev.tenon.spi.backend;

/** Where the ranks of a tensor-parallel group run. */
public enum RankPlacement {
  /** All ranks are threads of this process. */
  THREADS,
  /** One rank per process, as NCCL demands for ranks that may share a device. */
  PROCESSES
}
