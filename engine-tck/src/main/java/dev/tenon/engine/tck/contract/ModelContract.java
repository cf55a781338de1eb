package dev.tenon.engine.tck.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import dev.tenon.api.ErrorCode;
import dev.tenon.api.TenonException;
import dev.tenon.engine.tck.recording.RecordingBackend;
import dev.tenon.engine.tck.recording.RecordingStep;
import dev.tenon.spi.Probe;
import dev.tenon.spi.backend.Activations;
import dev.tenon.spi.backend.ElementType;
import dev.tenon.spi.backend.StateSpec;
import dev.tenon.spi.model.BoundModel;
import dev.tenon.spi.model.Checkpoint;
import dev.tenon.spi.model.DraftHead;
import dev.tenon.spi.model.ModelArchitecture;
import dev.tenon.spi.model.ModelArchitecture.Drafting;
import dev.tenon.spi.model.ModelProvider;
import dev.tenon.spi.model.RankLayout;
import dev.tenon.spi.model.ShardSpec;
import dev.tenon.spi.model.TensorSpec;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What a model family must declare and issue; nothing is computed. */
public abstract class ModelContract {
  private static final int MOST_RANKS = 8;

  /** A new contract. */
  protected ModelContract() {}

  /** The family under test. */
  protected abstract ModelProvider provider();

  /** A {@code config.json} that the family reads, small enough to allocate every weight of it. */
  protected abstract Map<String, Object> config();

  /** Changes that make {@link #config} one that cannot be run exactly, by the key to be named. */
  protected abstract Map<String, Object> unrunnable();

  /** Keys of {@link #config} that change nothing that the family computes. */
  protected abstract Set<String> unreadKeys();

  /** Names that a checkpoint of {@link #config} holds, as far as they are known from elsewhere. */
  protected abstract Set<String> knownTensors();

  @Test
  void required_M101_recognisingNeverThrowsAndNeedsOnlyTheConfig() {
    assertThat(provider().recognise(checkpoint(config(), List.of()))).isInstanceOf(Probe.Fit.class);
    assertThat(provider().recognise(dummy(Map.of()))).isInstanceOf(Probe.Unfit.class);
    for (String key : config().keySet()) {
      for (Object wrong : Arrays.asList(null, 7L, -0.5, "?", List.of(), Map.of())) {
        assertThatCode(() -> provider().recognise(dummy(changed(key, wrong))))
            .as(key + " is " + wrong)
            .doesNotThrowAnyException();
      }
    }
  }

  @Test
  void required_M102_whatCannotBeRunExactlyIsRefusedByKeyAndValue() {
    unrunnable().forEach((key, value) -> assertRefused(key, value));
  }

  @Test
  void required_M102_aValueOfAnotherTypeIsRefusedByKey() {
    Set<String> keys = new LinkedHashSet<>(config().keySet());
    keys.removeAll(unreadKeys());
    keys.removeIf(key -> config().get(key) == null);
    assertThat(keys).isNotEmpty();
    keys.forEach(key -> assertRefused(key, Map.of("nonsense", List.of())));
  }

  private void assertRefused(String key, Object value) {
    assertThatCode(() -> provider().describe(dummy(changed(key, value))))
        .as(key + " is " + value)
        .isInstanceOfSatisfying(
            TenonException.class,
            e -> assertThat(e.code()).isIn(ErrorCode.INVALID_CHECKPOINT, ErrorCode.UNSUPPORTED))
        .hasMessageContaining(key);
  }

  @Test
  void required_M201_everyTensorIsListedOnceAndByItsName() {
    List<TensorSpec> tensors = describe().tensors(Drafting.ON);
    assertThat(tensors).extracting(TensorSpec::name).doesNotHaveDuplicates();
    assertThat(names(tensors)).containsAll(knownTensors());
    for (TensorSpec tensor : tensors) {
      assertThat(tensor.shape()).as(tensor.name()).allMatch(extent -> extent > 0);
      assertThat(describe().ignores(tensor.name())).as(tensor.name()).isFalse();
      if (tensor.quantisation() == TensorSpec.Quantisation.BLOCK_SCALED) {
        assertThat(tensor.shape().size()).as(tensor.name()).isGreaterThanOrEqualTo(2);
      }
    }
    assertThat(names(tensors)).containsAll(names(describe().tensors(Drafting.OFF)));
  }

  @Test
  void required_M201_bindingReadsTheDeclaredSharesAndNoOthers() {
    for (RankLayout layout : layouts()) {
      for (Drafting drafting : Drafting.values()) {
        List<TensorSpec> declared = describe().tensors(drafting);
        DeclaredWeights weights = new DeclaredWeights(declared, layout, ElementType.BF16);
        describe().bind(new RecordingBackend(), weights, layout, drafting);
        Set<String> unread = names(declared);
        unread.removeAll(weights.asked());
        // what another rank owns, and what only the first adds
        unread.removeIf(name -> layout.size() > 1 && mayBeAnothers(declared, name, layout));
        assertThat(unread).as(layout + ", drafting " + drafting).isEmpty();
      }
    }
  }

  private static boolean mayBeAnothers(List<TensorSpec> declared, String name, RankLayout layout) {
    TensorSpec spec =
        declared.stream().filter(tensor -> tensor.name().equals(name)).findFirst().orElseThrow();
    boolean anothersExpert =
        spec.shard() instanceof ShardSpec.OfExpert && layout.experts() == RankLayout.Experts.WHOLE;
    boolean addedOnce = spec.shard() instanceof ShardSpec.Replicated && layout.rank() > 0;
    return anothersExpert || (addedOnce && spec.shape().size() == 1);
  }

  @Test
  void required_M202_theDraftingHeadIsFoundByItsTensors() {
    ModelArchitecture all = describe();
    List<TensorSpec> without = all.tensors(Drafting.OFF);
    ModelArchitecture plain = provider().describe(checkpoint(config(), without));
    assertThat(plain.properties().draftLayers()).isZero();
    assertThat(names(plain.tensors(Drafting.ON))).isEqualTo(names(without));
    ModelArchitecture drafting =
        provider().describe(checkpoint(config(), all.tensors(Drafting.ON)));
    assertThat(names(drafting.tensors(Drafting.ON))).isEqualTo(names(all.tensors(Drafting.ON)));
    assertThat(drafting.properties().draftLayers() > 0)
        .isEqualTo(all.tensors(Drafting.ON).size() > without.size());
  }

  @Test
  void required_M203_aRankCountThatDoesNotDivideIsRefusedWithThoseThatDo() {
    ModelArchitecture model = describe();
    for (RankLayout.Experts experts : RankLayout.Experts.values()) {
      List<Integer> fitting = fitting(model, experts);
      assertThat(fitting).contains(1);
      for (int size = 1; size <= MOST_RANKS; size++) {
        RankLayout layout = new RankLayout(size - 1, size, experts);
        if (!fitting.contains(size)) {
          assertThatCode(() -> model.checkRanks(layout))
              .isInstanceOfSatisfying(
                  TenonException.class,
                  e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_CONFIGURATION))
              .hasMessageContainingAll(
                  fitting.stream().map(String::valueOf).toArray(String[]::new));
        }
      }
    }
  }

  private static List<Integer> fitting(ModelArchitecture model, RankLayout.Experts experts) {
    return IntStream.rangeClosed(1, MOST_RANKS)
        .filter(size -> {
          try {
            model.checkRanks(new RankLayout(0, size, experts));
            return true;
          } catch (TenonException e) {
            return false;
          }
        })
        .boxed()
        .toList();
  }

  @Test
  void required_M301_draftingLayersFollowTheModelsOwn() {
    ModelArchitecture model = describe();
    int layers = model.properties().layers();
    for (RankLayout layout : layouts()) {
      List<StateSpec> plain = model.states(layout, Drafting.OFF);
      List<StateSpec> drafting = model.states(layout, Drafting.ON);
      assertThat(plain).extracting(StateSpec::layer).doesNotHaveDuplicates().isSorted();
      assertThat(plain).allMatch(state -> state.layer() < layers);
      assertThat(drafting).startsWith(plain.toArray(StateSpec[]::new));
      assertThat(drafting.subList(plain.size(), drafting.size()))
          .extracting(StateSpec::layer)
          .allMatch(layer -> layer >= layers)
          .doesNotHaveDuplicates();
    }
  }

  @Test
  void required_M301_M401_everyRankIssuesTheSameEveryTimeOnTheStatesThatItDeclared() {
    List<String> issued = issued(RankLayout.SINGLE, ElementType.BF16, 3);
    assertThat(issued).anyMatch(line -> line.startsWith("logits target"));
    for (RankLayout layout : layouts()) {
      // shares differ, so do widths of their products, but never what is issued
      assertThat(issued(layout, ElementType.BF16, 3)).as(layout.toString()).isEqualTo(issued);
    }
  }

  @Test
  void required_M402_elementTypesChangeNothingThatIsIssued() {
    List<String> plain = issued(RankLayout.SINGLE, ElementType.F32, 2);
    assertThat(issued(RankLayout.SINGLE, ElementType.F8_E4M3, 2)).isEqualTo(plain);
  }

  /** What forward and drafting passes issue; asserted to be the same twice. */
  private List<String> issued(RankLayout layout, ElementType type, int passes) {
    ModelArchitecture model = describe();
    RecordingBackend backend = new RecordingBackend();
    BoundModel bound =
        model.bind(
            backend,
            new DeclaredWeights(model.tensors(Drafting.ON), layout, type),
            layout,
            Drafting.ON);
    assertThat(bound.draftHead().isPresent()).isEqualTo(model.properties().draftLayers() > 0);
    RecordingStep step = new RecordingStep(model.states(layout, Drafting.ON), passes);
    List<String> first = pass(bound, backend, step);
    assertThat(pass(bound, backend, step)).isEqualTo(first);
    return first;
  }

  private List<String> pass(BoundModel model, RecordingBackend backend, RecordingStep step) {
    BoundModel.Forward forward = model.forward(step);
    List<String> issued = new ArrayList<>(backend.ops().drain());
    assertThat(forward.hidden().width()).isEqualTo(describe().properties().hiddenSize());
    assertThat(issued.getLast()).endsWith(" → " + forward.logits());
    DraftHead head = model.draftHead().orElse(null);
    Activations hidden = forward.hidden();
    for (int pass = 0; head != null && pass < step.draftTokens(); pass++) {
      hidden = head.forward(step, step.draftRows(pass), hidden, pass);
      assertThat(hidden.width()).isEqualTo(forward.hidden().width());
      head.logits(step.draftRows(pass), hidden);
      issued.addAll(backend.ops().drain());
      assertThat(issued.getLast()).startsWith("logits draft" + pass);
    }
    return issued;
  }

  private List<RankLayout> layouts() {
    List<RankLayout> layouts = new ArrayList<>();
    for (RankLayout.Experts experts : RankLayout.Experts.values()) {
      for (int size : fitting(describe(), experts)) {
        layouts.add(new RankLayout(0, size, experts));
        if (size > 1) {
          layouts.add(new RankLayout(size - 1, size, experts));
        }
      }
    }
    return layouts;
  }

  private ModelArchitecture describe() {
    return provider().describe(dummy(config()));
  }

  private Map<String, Object> changed(String key, @Nullable Object value) {
    Map<String, Object> config = new HashMap<>(config());
    put(config, key, value);
    return config;
  }

  @SuppressWarnings("NullAway") // JSON's null is a value
  private static void put(Map<String, Object> map, String key, @Nullable Object value) {
    map.put(key, value);
  }

  private static Set<String> names(List<TensorSpec> tensors) {
    return tensors.stream().map(TensorSpec::name).collect(Collectors.toCollection(HashSet::new));
  }

  private static Checkpoint dummy(Map<String, Object> config) {
    return checkpoint(config, Map.of(), Checkpoint.Source.DUMMY);
  }

  private static Checkpoint checkpoint(Map<String, Object> config, List<TensorSpec> held) {
    Map<String, Checkpoint.Entry> entries = new HashMap<>();
    for (TensorSpec tensor : held) {
      entries.put(
          tensor.name(),
          new Checkpoint.Entry(ElementType.BF16, tensor.shape(), "model.safetensors"));
    }
    return checkpoint(config, entries, Checkpoint.Source.FILES);
  }

  private static Checkpoint checkpoint(
      Map<String, Object> config, Map<String, Checkpoint.Entry> held, Checkpoint.Source source) {
    return new Checkpoint("made-up", Path.of("no-such-folder"), config, Map.of(), held, source);
  }
}
