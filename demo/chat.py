"""Renders conversations as chat_template.jinja does, in pieces that say which of them the model is taught to write."""
import json

START, END, NEWLINE = "<|im_start|>", "<|im_end|>", "\n"
TOOLS_BEFORE = ("# Tools\n\nYou may call one or more functions to assist with the user query.\n\n"
                "You are provided with function signatures within <tools></tools> XML tags:\n<tools>")
TOOLS_AFTER = ("\n</tools>\n\nFor each function call, return a json object with function name and arguments within <tool_call></tool_call> XML tags:\n"
               "<tool_call>\n{\"name\": <function-name>, \"arguments\": <args-json-object>}\n</tool_call>")

def dumps(value): return json.dumps(value, ensure_ascii=False)

def pieces(messages, tools=()):
    """[(text, taught)]; the whole prompt is the texts joined."""
    out = []
    first_system = messages[0]["content"] if messages and messages[0]["role"] == "system" else None
    if tools:
        head = (first_system + "\n\n" if first_system is not None else "") + TOOLS_BEFORE + "".join("\n" + dumps(t) for t in tools) + TOOLS_AFTER
        out.append((f"{START}system\n{head}{END}\n", False))
    elif first_system is not None:
        out.append((f"{START}system\n{first_system}{END}\n", False))
    rest = messages[1:] if first_system is not None else messages
    for i, m in enumerate(rest):
        if m["role"] == "assistant":
            out.append((f"{START}assistant\n", False))
            text = m["content"] or ""
            for j, call in enumerate(m.get("tool_calls", ())):
                text += ("\n" if j or text else "") + "<tool_call>\n{\"name\": \"" + call["name"] + "\", \"arguments\": " + dumps(call["arguments"]) + "}\n</tool_call>"
            out.append((text + END, True))
            out.append((NEWLINE, False))
        elif m["role"] == "tool":
            before = "" if i and rest[i - 1]["role"] == "tool" else f"{START}user"
            after = "" if i + 1 < len(rest) and rest[i + 1]["role"] == "tool" else f"{END}\n"
            out.append((f"{before}\n<tool_response>\n{m['content']}\n</tool_response>{after}", False))
        else:
            out.append((f"{START}{m['role']}\n{m['content']}{END}\n", False))
    return out

def prompt(messages, tools=()):
    return "".join(t for t, _ in pieces(messages, tools)) + f"{START}assistant\n"
