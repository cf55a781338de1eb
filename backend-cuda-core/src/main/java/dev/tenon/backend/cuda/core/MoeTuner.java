package dev.tenon.backend.cuda.core;

import dev.tenon.api.ErrorCode;
import dev.tenon.api.TenonException;
import dev.tenon.api.TunedRows;
import dev.tenon.backend.cuda.core.tuning.MoeShape;
import dev.tenon.backend.cuda.core.tuning.MoeTile;
import dev.tenon.backend.cuda.core.tuning.TunedMoe;
import dev.tenon.backend.cuda.core.tuning.TunedMoeFile;
import dev.tenon.backend.cuda.core.tuning.TunedMoeSearch;
import dev.tenon.spi.backend.MoeTuning;
import dev.tenon.spi.backend.MoeWeights;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tries every set of tile parameters that the kernels offer: first each for a short time, then the
 * fastest few, and the kernels' own choice, for longer.
 */
final class MoeTuner implements MoeTuning {
  /** The numbers of rows that a file has entries for. */
  static final List<Integer> ROWS =
      List.of(1, 2, 4, 8, 16, 24, 32, 48, 64, 96, 128, 256, 512, 1024, 1536, 2048, 3072, 4096);

  private static final Logger LOG = LoggerFactory.getLogger(MoeTuner.class);

  /** Weights that are read in turn: several times what the caches hold. */
  private static final long WEIGHT_BYTES = 512L << 20;

  private static final int MOST_BLOCKS = 16;
  private static final int FINALISTS = 6;

  /** How many times the best a first run, which is slower than others, may take. */
  private static final double HOPELESS = 3;

  private static final int SHORT_RUNS = 3;
  private static final int LONG_RUNS = 15;
  private static final long USUAL = 0;

  private final CudaDevice device;
  private final CudaWeights weights;
  private final TunedMoeSearch names;
  private final long quantised;

  /**
   * @param quantised 1 if rows may be quantised, else 0
   */
  MoeTuner(CudaDevice device, CudaWeights weights, TunedMoeSearch names, long quantised) {
    this.device = device;
    this.weights = weights;
    this.names = names;
    this.quantised = quantised;
  }

  /** Parameters and the microseconds that they took. */
  private record Timed(long word, double micros) {}

  @Override
  public Path tune(List<MoeWeights> blocks, Path folder, Consumer<TunedRows> measured) {
    MoeShape shape = MoeShape.of(blocks.getFirst());
    Path file = folder.resolve(names.fileName(shape));
    // a folder that cannot be written to is to fail now, not after the measurement
    createFolder(folder);
    List<CudaPacked.Moe> packed = pack(blocks);
    Map<Integer, MoeTile> best = new LinkedHashMap<>();
    try (MoeRuns runs = new MoeRuns(device, packed, ROWS.getLast(), quantised)) {
      for (int rows : ROWS) {
        TunedRows result = tune(runs, rows, best);
        measured.accept(result);
      }
    }
    write(file, TunedMoeFile.write(TunedMoe.of(best)));
    return file;
  }

  private TunedRows tune(MoeRuns runs, int rows, Map<Integer, MoeTile> best) {
    try (MoeRuns.AtRows at = runs.at(rows)) {
      List<Timed> all = new ArrayList<>();
      double hopeless = Double.MAX_VALUE;
      for (long word : at.candidates()) {
        time(at, word, SHORT_RUNS, hopeless, all);
        if (!all.isEmpty()) {
          hopeless = Math.min(hopeless, HOPELESS * all.getLast().micros());
        }
      }
      all.sort(Comparator.comparingDouble(Timed::micros));
      List<Timed> finals = new ArrayList<>();
      for (Timed fast : all.subList(0, Math.min(FINALISTS, all.size()))) {
        time(at, fast.word(), LONG_RUNS, Double.MAX_VALUE, finals);
      }
      Timed first =
          finals.stream()
              .min(Comparator.comparingDouble(Timed::micros))
              .orElseThrow(() ->
                  new TenonException(
                      ErrorCode.UNSUPPORTED,
                      "the kernels offer no parameters for this mixture with " + rows + " rows"));
      MoeTile tile = MoeTile.of(first.word());
      best.put(rows, tile);
      double usual = at.micros(USUAL, LONG_RUNS, Double.MAX_VALUE);
      return new TunedRows(rows, all.size(), usual, first.micros(), tile.toString());
    }
  }

  private static void time(
      MoeRuns.AtRows at, long word, int runs, double hopeless, List<Timed> results) {
    try {
      results.add(new Timed(word, at.micros(word, runs, hopeless)));
    } catch (TenonException e) {
      // the others may do; a fault of the card itself meets them too, and none is left
      LOG.warn("{} was left out: {}", MoeTile.of(word), e.getMessage());
    }
  }

  private List<CudaPacked.Moe> pack(List<MoeWeights> blocks) {
    List<CudaPacked.Moe> packed = new ArrayList<>();
    for (MoeWeights block : blocks) {
      boolean enough = packed.size() >= 2 && weights.packedBytes() >= WEIGHT_BYTES;
      if (enough || packed.size() == MOST_BLOCKS) {
        break;
      }
      packed.add(weights.moe(block, TunedMoe.NONE));
    }
    weights.finish();
    return packed;
  }

  private static void createFolder(Path folder) {
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw new TenonException(
          ErrorCode.INVALID_CONFIGURATION, "folder " + folder + " cannot be made: " + e, e);
    }
    if (!Files.isWritable(folder)) {
      throw new TenonException(
          ErrorCode.INVALID_CONFIGURATION, "folder " + folder + " cannot be written to");
    }
  }

  private static void write(Path file, String text) {
    try {
      Path part = Files.createTempFile(file.toAbsolutePath().getParent(), "tuned", ".part");
      Files.writeString(part, text);
      Files.move(part, file, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new TenonException(
          ErrorCode.INVALID_CONFIGURATION, file + " could not be written: " + e + "\n" + text, e);
    }
  }
}
