package dev.tenon.text.huggingface;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tenon.api.ChatPrompt;
import dev.tenon.api.ChatPrompt.Ending;
import dev.tenon.api.ErrorCode;
import dev.tenon.api.TenonException;
import dev.tenon.spi.text.ChatTemplate;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChatTemplateTest {
  private static final Map<String, Object> WEATHER =
      ordered(
          "type",
          "function",
          "function",
          ordered(
              "name",
              "get_weather",
              "description",
              "Current weather",
              "parameters",
              ordered(
                  "type",
                  "object",
                  "properties",
                  Map.of("city", Map.of("type", "string")),
                  "required",
                  List.of("city"))));

  private static Map<String, Object> ordered(@Nullable Object... pairs) {
    Map<String, Object> map = new LinkedHashMap<>();
    for (int i = 0; i < pairs.length; i += 2) {
      map.put(String.valueOf(pairs[i]), pairs[i + 1]);
    }
    return map;
  }

  private static Map<String, Object> message(String role, @Nullable Object content) {
    return ordered("role", role, "content", content);
  }

  private static Map<String, Object> call(@Nullable Object arguments) {
    return ordered(
        "id",
        "1",
        "type",
        "function",
        "function",
        ordered("name", "get_weather", "arguments", arguments));
  }

  private static ChatTemplate shipped(String name) {
    return ChatTemplates.read(TestFiles.folder("chat/" + name)).orElseThrow();
  }

  private static ChatTemplate written(Path folder, String json) throws IOException {
    Files.writeString(folder.resolve("tokenizer_config.json"), json);
    return ChatTemplates.read(folder).orElseThrow();
  }

  private static ChatPrompt prompt(List<Map<String, Object>> messages, Object... arguments) {
    return new ChatPrompt(messages, List.of(), Ending.GENERATION_PROMPT, ordered(arguments));
  }

  @Test
  void rendersAConversationWithToolsForAnInstructModel() {
    Map<String, Object> asking = message("assistant", "Checking.");
    asking.put("tool_calls", List.of(call("{\"city\":\"Paris\"}"), call(Map.of("city", "Rome"))));
    List<Map<String, Object>> messages =
        List.of(
            message("system", "Be brief."),
            message("user", "Weather in Paris and Rome?"),
            asking,
            message("tool", "18C"),
            message("tool", List.of(Map.of("type", "text", "text", "24C"))));
    String text =
        shipped("instruct")
            .render(
                new ChatPrompt(
                    messages, List.of(WEATHER), Ending.GENERATION_PROMPT, Map.of("unused", 1L)));
    assertThat(text)
        .isEqualTo(
            """
            <|im_start|>system
            Be brief.

            # Tools

            You may call one or more functions to assist with the user query.

            You are provided with function signatures within <tools></tools> XML tags:
            <tools>
            {"type": "function", "function": {"name": "get_weather", "description": \
            "Current weather", "parameters": {"type": "object", "properties": {"city": \
            {"type": "string"}}, "required": ["city"]}}}
            </tools>

            For each function call, return a json object with function name and arguments \
            within <tool_call></tool_call> XML tags:
            <tool_call>
            {"name": <function-name>, "arguments": <args-json-object>}
            </tool_call><|im_end|>
            <|im_start|>user
            Weather in Paris and Rome?<|im_end|>
            <|im_start|>assistant
            Checking.
            <tool_call>
            {"name": "get_weather", "arguments": {"city": "Paris"}}
            </tool_call>
            <tool_call>
            {"name": "get_weather", "arguments": {"city": "Rome"}}
            </tool_call><|im_end|>
            <|im_start|>user
            <tool_response>
            18C
            </tool_response>
            <tool_response>
            24C
            </tool_response><|im_end|>
            <|im_start|>assistant
            """);
  }

  @Test
  void rendersOnlyTheLastTurnsThoughtsForAThinkingModel() {
    Map<String, Object> asking = message("assistant", null);
    asking.put("reasoning_content", "need tool");
    asking.put("tool_calls", List.of(call("{\"city\": \"Paris\"}")));
    List<Map<String, Object>> messages =
        List.of(
            message("user", "1+1?"),
            message("assistant", "<think>\neasy\n</think>\n\n2"),
            message("user", "Weather in Paris?"),
            asking,
            message("tool", "18C"));
    assertThat(shipped("thinking").render(prompt(messages)))
        .isEqualTo(
            """
            <|im_start|>user
            1+1?<|im_end|>
            <|im_start|>assistant
            2<|im_end|>
            <|im_start|>user
            Weather in Paris?<|im_end|>
            <|im_start|>assistant
            <think>
            need tool
            </think>

            <tool_call>
            {"name": "get_weather", "arguments": {"city": "Paris"}}
            </tool_call><|im_end|>
            <|im_start|>user
            <tool_response>
            18C
            </tool_response><|im_end|>
            <|im_start|>assistant
            <think>
            """);
  }

  @Test
  void rendersTheShortestConversation() {
    assertThat(shipped("instruct").render(ChatPrompt.ofUser("hi")))
        .isEqualTo("<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n");
    assertThat(shipped("thinking").render(ChatPrompt.ofUser("hi")))
        .isEqualTo("<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n<think>\n");
  }

  @Test
  void leavesTheLastMessageOpenToBeContinued() {
    List<Map<String, Object>> messages =
        List.of(message("user", "Count."), message("assistant", "One, two,"));
    ChatPrompt open = new ChatPrompt(messages, List.of(), Ending.CONTINUE_LAST_MESSAGE, Map.of());
    ChatPrompt closed = new ChatPrompt(messages, List.of(), Ending.CLOSED, Map.of());
    assertThat(shipped("instruct").render(open)).endsWith("<|im_start|>assistant\nOne, two,");
    assertThat(shipped("instruct").render(closed)).endsWith("One, two,<|im_end|>\n");
    ChatPrompt nothing =
        new ChatPrompt(
            List.of(message("user", "")), List.of(), Ending.CONTINUE_LAST_MESSAGE, Map.of());
    assertThatThrownBy(() -> shipped("instruct").render(nothing))
        .hasMessageContaining("nothing to continue");
  }

  @Test
  void givesTheTemplateItsVariables(@TempDir Path folder) throws IOException {
    ChatTemplate template =
        written(
            folder,
            """
            {"eos_token": {"content": "<E>", "special": true}, "bos_token": null,
             "pad_token": "<P>", "add_bos_token": false, "chat_template":
             "{{ eos_token }}{{ pad_token }}[{{ bos_token }}] {{ tools is none }} \
            {{ documents is none }} {{ add_generation_prompt }} {{ mood }} {{ messages }}"}
            """);
    assertThat(template.render(prompt(List.of(message("user", "hi")), "mood", "good")))
        .isEqualTo("<E><P>[] True True True good [{'role': 'user', 'content': 'hi'}]");
  }

  @Test
  void preparesToolCallsForTheTemplate(@TempDir Path folder) throws IOException {
    ChatTemplate template =
        written(
            folder,
            "{\"chat_template\": \"{% for m in messages %}{{ m.tool_calls is defined }}"
                + "{% for c in m.tool_calls or [] %}{{ (c.function or c).arguments | tojson }}"
                + "{% endfor %}{{ m.content }};{% endfor %}\"}");
    Map<String, Object> none = message("assistant", "a");
    none.put("tool_calls", List.of());
    Map<String, Object> empty = message("assistant", null);
    empty.put(
        "tool_calls",
        Arrays.asList(
            call(""),
            call(null),
            call("{\"n\": [1, 2.5, null, true, 123456789012345678901234567890]}"),
            ordered("name", "bare", "arguments", "{}")));
    Map<String, Object> parts = message("user", List.of(Map.of("type", "text", "text", "b"), "c"));
    assertThat(template.render(prompt(List.of(none, empty, parts))))
        .isEqualTo(
            "Falsea;True{}{}{\"n\": [1, 2.5, null, true, 123456789012345678901234567890]}{};"
                + "Falseb\nc;");
  }

  @Test
  void takesTheTemplateForToolsOnlyWithTools(@TempDir Path folder) throws IOException {
    ChatTemplate template =
        written(
            folder,
            """
            {"chat_template": [{"name": "default", "template": "plain"},
                               {"name": "tool_use", "template": "tools"}]}
            """);
    List<Map<String, Object>> messages = List.of(message("user", "hi"));
    assertThat(template.render(prompt(messages))).isEqualTo("plain");
    assertThat(template.render(new ChatPrompt(messages, List.of(WEATHER), Ending.CLOSED, Map.of())))
        .isEqualTo("tools");
    Files.writeString(folder.resolve("chat_template.jinja"), "file");
    assertThat(ChatTemplates.read(folder).orElseThrow().render(prompt(messages))).isEqualTo("file");
  }

  @Test
  void refusesWhatATemplateCannotTake(@TempDir Path folder) throws IOException {
    ChatTemplate template =
        written(folder, "{\"chat_template\": \"{{ raise_exception('roles must alternate') }}\"}");
    List<Map<String, Object>> messages = List.of(message("user", "hi"));
    assertRefused(template, prompt(messages), "roles must alternate");
    assertRefused(template, prompt(messages, "messages", List.of()), "chat_template_kwargs");
    assertRefused(template, prompt(List.of(message("user", 5L))), "must be text or a list");
    Map<String, Object> image = new HashMap<>(Map.of("type", "image_url"));
    assertRefused(template, prompt(List.of(message("user", List.of(image)))), "text only");
    Map<String, Object> broken = message("assistant", "");
    broken.put("tool_calls", List.of(call("{nope")));
    assertRefused(template, prompt(List.of(broken)), "not JSON");
    Map<String, Object> list = message("assistant", "");
    list.put("tool_calls", List.of(call("[1]")));
    assertRefused(template, prompt(List.of(list)), "not a JSON object");
  }

  @Test
  void endsATemplateThatAnArgumentMakesLoop(@TempDir Path folder) throws IOException {
    ChatTemplate template =
        written(
            folder,
            "{\"chat_template\": \"{% for a in range(n) %}{% for b in range(n) %}"
                + "{% endfor %}{% endfor %}\"}");
    assertRefused(template, prompt(List.of(message("user", "hi")), "n", 90_000L), "does it loop?");
  }

  private static void assertRefused(ChatTemplate template, ChatPrompt prompt, String message) {
    assertThatThrownBy(() -> template.render(prompt))
        .isInstanceOfSatisfying(
            TenonException.class,
            failure -> assertThat(failure.code()).isEqualTo(ErrorCode.INVALID_REQUEST))
        .hasMessageContaining(message);
  }

  @Test
  void saysWhereACheckpointsTemplateIsBroken(@TempDir Path folder) throws IOException {
    assertThat(ChatTemplates.read(folder)).isEmpty();
    Files.writeString(folder.resolve("chat_template.jinja"), "a\n{% if x %}");
    assertThatThrownBy(() -> ChatTemplates.read(folder))
        .isInstanceOfSatisfying(
            TenonException.class,
            failure -> assertThat(failure.code()).isEqualTo(ErrorCode.INVALID_CHECKPOINT))
        .hasMessageContaining("chat_template.jinja, line 2")
        .hasMessageContaining("endif");
    Files.writeString(folder.resolve("tokenizer_config.json"), "{");
    assertThatThrownBy(() -> ChatTemplates.read(folder)).hasMessageContaining("not a JSON object");
  }
}
