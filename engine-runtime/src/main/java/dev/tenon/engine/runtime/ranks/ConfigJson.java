package dev.tenon.engine.runtime.ranks;

import dev.tenon.api.EngineConfig;
import dev.tenon.api.EngineConfigBuilder;
import dev.tenon.api.LoadFormat;
import dev.tenon.api.SchedulingPolicy;
import dev.tenon.api.SpeculationConfig;
import dev.tenon.json.values.JsonValues;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** An engine's configuration as JSON, for another process of the same engine. */
public final class ConfigJson {
  private ConfigJson() {}

  /** Writes it; what is left open is left out. */
  public static String write(EngineConfig config) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("model", config.model());
    put(fields, "backend", config.backend());
    fields.put("loadFormat", config.loadFormat().name());
    fields.put("configOverrides", config.configOverrides());
    fields.put("tensorParallelSize", config.tensorParallelSize());
    fields.put("expertParallel", config.expertParallel().name());
    put(fields, "maxModelLen", config.maxModelLen());
    put(fields, "maxNumSeqs", config.maxNumSeqs());
    put(fields, "maxNumBatchedTokens", config.maxNumBatchedTokens());
    fields.put("chunkedPrefill", config.chunkedPrefill().name());
    put(fields, "blockSize", config.blockSize());
    put(fields, "numBlocks", config.numBlocks());
    fields.put("memoryUtilization", config.memoryUtilization());
    fields.put("maxWaiting", config.maxWaiting());
    fields.put("schedulingPolicy", config.schedulingPolicy().name());
    SpeculationConfig speculation = config.speculation();
    if (speculation != null) {
      fields.put("speculation", speculation.method());
      fields.put("draftTokens", speculation.draftTokens());
    }
    put(fields, "seed", config.seed());
    fields.put("maxChoices", config.maxChoices());
    fields.put("maxLogprobs", config.maxLogprobs());
    put(fields, "threads", config.threads());
    put(fields, "pluginFolder", config.pluginFolder() == null ? null : config.pluginFolder() + "");
    fields.put("backendOptions", config.backendOptions());
    return JsonValues.write(fields);
  }

  /** Reads what {@link #write} wrote. */
  public static EngineConfig read(String json) {
    Map<String, Object> fields = JsonValues.object(JsonValues.read(json));
    EngineConfigBuilder config =
        EngineConfig.builder(text(fields, "model"))
            .backend((String) fields.get("backend"))
            .loadFormat(LoadFormat.valueOf(text(fields, "loadFormat")))
            .configOverrides(object(fields, "configOverrides"))
            .tensorParallelSize(required(fields, "tensorParallelSize"))
            .expertParallel(EngineConfig.ExpertParallel.valueOf(text(fields, "expertParallel")))
            .maxModelLen(optional(fields, "maxModelLen"))
            .maxNumSeqs(optional(fields, "maxNumSeqs"))
            .maxNumBatchedTokens(optional(fields, "maxNumBatchedTokens"))
            .chunkedPrefill(EngineConfig.ChunkedPrefill.valueOf(text(fields, "chunkedPrefill")))
            .blockSize(optional(fields, "blockSize"))
            .numBlocks(optional(fields, "numBlocks"))
            .memoryUtilization(number(fields, "memoryUtilization").doubleValue())
            .maxWaiting(required(fields, "maxWaiting"))
            .schedulingPolicy(SchedulingPolicy.valueOf(text(fields, "schedulingPolicy")))
            .maxChoices(required(fields, "maxChoices"))
            .maxLogprobs(required(fields, "maxLogprobs"))
            .threads(optional(fields, "threads"))
            .seed(fields.get("seed") instanceof Number seed ? seed.longValue() : null);
    if (fields.get("speculation") instanceof String method) {
      config.speculation(new SpeculationConfig(method, required(fields, "draftTokens")));
    }
    if (fields.get("pluginFolder") instanceof String folder) {
      config.pluginFolder(Path.of(folder));
    }
    Map<String, String> options = new LinkedHashMap<>();
    object(fields, "backendOptions").forEach((name, value) -> options.put(name, value.toString()));
    return config.backendOptions(options).build();
  }

  private static void put(Map<String, Object> fields, String name, @Nullable Object value) {
    if (value != null) {
      fields.put(name, value);
    }
  }

  private static String text(Map<String, Object> fields, String name) {
    return String.valueOf(fields.get(name));
  }

  private static Number number(Map<String, Object> fields, String name) {
    if (fields.get(name) instanceof Number number) {
      return number;
    }
    throw new IllegalArgumentException("the configuration lacks " + name);
  }

  private static int required(Map<String, Object> fields, String name) {
    return number(fields, name).intValue();
  }

  private static @Nullable Integer optional(Map<String, Object> fields, String name) {
    return fields.get(name) instanceof Number number ? number.intValue() : null;
  }

  @SuppressWarnings("unchecked") // objects of JSON have texts as keys
  private static Map<String, Object> object(Map<String, Object> fields, String name) {
    return fields.get(name) instanceof Map<?, ?> map ? (Map<String, Object>) map : Map.of();
  }
}
