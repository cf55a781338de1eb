package dev.tenon.server.javalin;

import dev.tenon.api.Histogram;

/** Writes Prometheus' text format, version 0.0.4. */
final class PrometheusText {
  private final StringBuilder out = new StringBuilder();
  private final String labels;

  /** The label is on every sample. */
  PrometheusText(String modelName) {
    String escaped = modelName.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n");
    labels = "model_name=\"" + escaped + "\",engine=\"0\"";
  }

  PrometheusText gauge(String name, String help, double value) {
    head(name, help, "gauge");
    return sample(name, "", value);
  }

  PrometheusText counter(String name, String help, double value) {
    head(name, help, "counter");
    return sample(name, "", value);
  }

  /** Begins a family whose samples have a further label. */
  PrometheusText head(String name, String help, String type) {
    out.append("# HELP ").append(name).append(' ').append(help).append('\n');
    out.append("# TYPE ").append(name).append(' ').append(type).append('\n');
    return this;
  }

  /** A sample; {@code label} is empty or of the form {@code key="value"}. */
  PrometheusText sample(String name, String label, double value) {
    out.append(name).append('{').append(labels);
    if (!label.isEmpty()) {
      out.append(',').append(label);
    }
    out.append("} ").append(number(value)).append('\n');
    return this;
  }

  PrometheusText histogram(String name, String help, Histogram histogram) {
    head(name, help, "histogram");
    long below = 0;
    for (int i = 0; i < histogram.counts().size(); i++) {
      below += histogram.counts().get(i);
      String bound = i < histogram.bounds().size() ? number(histogram.bounds().get(i)) : "+Inf";
      sample(name + "_bucket", "le=\"" + bound + "\"", below);
    }
    sample(name + "_sum", "", histogram.sum());
    return sample(name + "_count", "", below);
  }

  private static String number(double value) {
    return value == Math.rint(value) && Math.abs(value) < 1e15
        ? String.valueOf((long) value)
        : String.valueOf(value);
  }

  @Override
  public String toString() {
    return out.toString();
  }
}
