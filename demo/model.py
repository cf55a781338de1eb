"""The demo's Qwen3-Next: transformers' own model, a multi-token-prediction head made of the same layers, and their checkpoint."""
import json, os
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from transformers import Qwen3NextConfig, Qwen3NextForCausalLM
from transformers.models.qwen3_next import modeling_qwen3_next as reference

CONFIG = dict(architectures=["Qwen3NextForCausalLM"], model_type="qwen3_next", vocab_size=4096, hidden_size=192, num_hidden_layers=8,
              full_attention_interval=4, num_attention_heads=4, num_key_value_heads=2, head_dim=256, partial_rotary_factor=0.25, rope_theta=10000000.0,
              max_position_embeddings=8192, rms_norm_eps=1e-6, hidden_act="silu", attention_bias=False, attention_dropout=0.0, linear_conv_kernel_dim=4,
              linear_key_head_dim=128, linear_value_head_dim=128, linear_num_key_heads=4, linear_num_value_heads=4, num_experts=32, num_experts_per_tok=4,
              moe_intermediate_size=32, shared_expert_intermediate_size=64, intermediate_size=512, norm_topk_prob=True, decoder_sparse_step=1, mlp_only_layers=[],
              tie_word_embeddings=False, bos_token_id=4070, eos_token_id=4072, torch_dtype="bfloat16", use_cache=True, initializer_range=0.02,
              output_router_logits=False, router_aux_loss_coef=0.001)
GENERATION = dict(bos_token_id=4070, pad_token_id=4070, eos_token_id=[4072, 4070], do_sample=True, temperature=0.7, top_p=0.8, top_k=20)

def chunked_delta_rule(query, key, value, g, beta, chunk_size=64, initial_state=None, output_final_state=False, use_qk_l2norm_in_kernel=False, **_):
    """The chunked gated delta rule; the triangular system of a chunk is solved at once instead of row by row."""
    dtype = query.dtype
    if use_qk_l2norm_in_kernel:
        query = query * torch.rsqrt((query * query).sum(-1, keepdim=True) + 1e-6)
        key = key * torch.rsqrt((key * key).sum(-1, keepdim=True) + 1e-6)
    query, key, value, beta, g = [x.transpose(1, 2).contiguous().float() for x in (query, key, value, beta, g)]
    batch, heads, length, dk = key.shape; dv = value.shape[-1]
    pad = -length % chunk_size
    query, key, value = [F.pad(x, (0, 0, 0, pad)) for x in (query, key, value)]
    beta, g = F.pad(beta, (0, pad)), F.pad(g, (0, pad))
    chunks = (length + pad) // chunk_size
    query = query * dk ** -0.5
    shape = lambda x: x.reshape(batch, heads, chunks, chunk_size, -1)
    query, key, value = shape(query), shape(key), shape(value)
    beta, g = beta.reshape(batch, heads, chunks, chunk_size, 1), g.reshape(batch, heads, chunks, chunk_size).cumsum(-1)
    lower = torch.tril(torch.ones(chunk_size, chunk_size, dtype=torch.bool, device=g.device))
    decay = (g[..., :, None] - g[..., None, :]).masked_fill(~lower, float("-inf")).exp()
    system = (beta * key) @ key.transpose(-1, -2) * decay
    system = torch.tril(system, -1) + torch.eye(chunk_size, device=g.device)
    right = torch.cat([beta * value, beta * g.exp()[..., None] * key], -1)
    solved = torch.linalg.solve_triangular(system, right, upper=False, unitriangular=True)
    u, w = solved[..., :dv], solved[..., dv:]
    attention = (query @ key.transpose(-1, -2)) * decay
    state = torch.zeros(batch, heads, dk, dv, device=g.device) if initial_state is None else initial_state.float()
    outputs = []
    for c in range(chunks):
        corrected = u[:, :, c] - w[:, :, c] @ state
        gc = g[:, :, c]
        outputs.append((query[:, :, c] * gc.exp()[..., None]) @ state + attention[:, :, c] @ corrected)
        state = state * gc[..., -1, None, None].exp() + (key[:, :, c] * (gc[..., -1:] - gc).exp()[..., None]).transpose(-1, -2) @ corrected
    out = torch.stack(outputs, 2).reshape(batch, heads, -1, dv)[:, :, :length].transpose(1, 2).contiguous().to(dtype)
    return out, (state if output_final_state else None)

def config(**overrides):
    return Qwen3NextConfig(**{k: v for k, v in {**CONFIG, **overrides}.items() if k not in ("architectures", "torch_dtype")})

class Trained(torch.nn.Module):
    """The language model and its drafting head."""
    def __init__(self):
        super().__init__()
        cfg = config(); cfg._attn_implementation = "sdpa"; cfg._experts_implementation = "grouped_mm"
        head = config(num_hidden_layers=1, layer_types=["full_attention"]); head._attn_implementation = "sdpa"; head._experts_implementation = "grouped_mm"
        self.lm = Qwen3NextForCausalLM(cfg)
        h = cfg.hidden_size
        self.mtp = torch.nn.ModuleDict(dict(layer=reference.Qwen3NextDecoderLayer(head, 0), fc=torch.nn.Linear(2 * h, h, bias=False)))
        for name in ("norm", "pre_fc_norm_embedding", "pre_fc_norm_hidden"):
            self.mtp[name] = reference.Qwen3NextRMSNorm(h, eps=cfg.rms_norm_eps)
        for name, p in self.mtp["layer"].named_parameters():
            if p.dim() > 1: torch.nn.init.normal_(p, std=0.02)
        torch.nn.init.normal_(self.mtp["fc"].weight, std=0.02)
        reference.torch_chunk_gated_delta_rule = chunked_delta_rule      # the same function, several times faster

    def hidden(self, ids):
        return self.lm.model(ids, use_cache=False).last_hidden_state

    def draft(self, following, hidden):
        """Head output for rows whose next ids are `following` and whose hidden rows are `hidden`."""
        m = self.mtp
        x = m["fc"](torch.cat([m["pre_fc_norm_embedding"](self.lm.model.embed_tokens(following)), m["pre_fc_norm_hidden"](hidden)], -1))
        position = torch.arange(x.shape[1], device=x.device)[None]
        n = x.shape[1]
        mask = torch.full((n, n), float("-inf"), device=x.device, dtype=x.dtype).triu(1)[None, None]
        y = m["layer"](x, position_embeddings=self.lm.model.rotary_emb(x, position), attention_mask=mask, position_ids=position)
        return m["norm"](y)

def tensors(model):
    """Checkpoint tensors by the family's published names, in bf16."""
    out = {}
    def put(name, value): out[name] = value.detach().to(torch.bfloat16).cpu().contiguous()
    def experts(prefix, name, value):
        if name.endswith("experts.gate_up_proj"):
            for e, w in enumerate(value):
                gate, up = w.chunk(2, 0)
                put(f"{prefix}{name[:-len('gate_up_proj')]}{e}.gate_proj.weight", gate); put(f"{prefix}{name[:-len('gate_up_proj')]}{e}.up_proj.weight", up)
        elif name.endswith("experts.down_proj"):
            for e, w in enumerate(value): put(f"{prefix}{name[:-len('down_proj')]}{e}.down_proj.weight", w)
        else: put(prefix + name, value)
    for name, p in model.lm.named_parameters(): experts("", name, p)
    for name, p in model.mtp["layer"].named_parameters(): experts("mtp.layers.0.", name, p)
    for name in ("norm", "pre_fc_norm_embedding", "pre_fc_norm_hidden", "fc"): put(f"mtp.{name}.weight", model.mtp[name].weight)
    return out

def save(model, folder):
    os.makedirs(folder, exist_ok=True)
    all_tensors = tensors(model); names = list(all_tensors); index = {}
    total = sum(t.numel() * 2 for t in all_tensors.values())
    shards, size = [[]], 0
    for n in names:
        if size > total / 2 and len(shards) == 1: shards.append([])
        shards[-1].append(n); size += all_tensors[n].numel() * 2
    for i, part in enumerate(shards):
        file = f"model-{i + 1:05d}-of-{len(shards):05d}.safetensors"
        save_file({n: all_tensors[n] for n in part}, f"{folder}/{file}", metadata={"format": "pt"}); index |= {n: file for n in part}
    json.dump({"metadata": {"total_size": total}, "weight_map": index}, open(f"{folder}/model.safetensors.index.json", "w"), indent=1)
    json.dump({**CONFIG, "transformers_version": "5.17.0"}, open(f"{folder}/config.json", "w"), indent=2)
    json.dump(GENERATION, open(f"{folder}/generation_config.json", "w"), indent=2)
    return total

def load_head(model, folder):
    """Reads the drafting head's tensors of a checkpoint into a Trained model."""
    from safetensors.torch import load_file
    files = set(json.load(open(f"{folder}/model.safetensors.index.json"))["weight_map"].values())
    stored = {k: v for f in files for k, v in load_file(f"{folder}/{f}").items() if k.startswith("mtp.")}
    with torch.no_grad():
        for name, p in model.mtp["layer"].named_parameters():
            base = "mtp.layers.0." + name
            if name.endswith("experts.gate_up_proj"):
                root = base[:-len("gate_up_proj")]
                for e in range(p.shape[0]): p[e].copy_(torch.cat([stored[f"{root}{e}.gate_proj.weight"], stored[f"{root}{e}.up_proj.weight"]]))
            elif name.endswith("experts.down_proj"):
                for e in range(p.shape[0]): p[e].copy_(stored[f"{base[:-len('down_proj')]}{e}.down_proj.weight"])
            else: p.copy_(stored[base])
        for name in ("norm", "pre_fc_norm_embedding", "pre_fc_norm_hidden", "fc"): model.mtp[name].weight.copy_(stored[f"mtp.{name}.weight"])

def load(model, folder):
    """Reads a whole checkpoint into a Trained model."""
    model.lm.load_state_dict(Qwen3NextForCausalLM.from_pretrained(folder, dtype=torch.float32).state_dict()); load_head(model, folder)
