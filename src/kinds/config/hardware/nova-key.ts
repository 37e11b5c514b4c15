import type { ValueRule } from "./value-rule.ts";

/** An extra spec or image property of Nova that virtform acts upon, or that it keeps as information. */
export interface NovaKey {
  /** As Nova spells it. `N` at the end stands for a number, as in `hw:numa_cpus.N`. */
  readonly name: string;
  /** What it does, as a sentence. */
  readonly about: string;
  readonly value: ValueRule;
  /** The setting that it gives a guest, by its path among the keys of an instance: `tpm.version`. Null: another part of virtform reads it, or it is information. */
  readonly sets: string | null;
  /** It describes the image for people and other programs; no guest depends on it. */
  readonly information?: true;
}

/** A key of Nova that virtform does not accept. */
export interface RefusedKey {
  /** As Nova spells it; `*` at the end stands for any rest. */
  readonly name: string;
  readonly why: string;
  /** What to do instead, as an imperative sentence. */
  readonly instead: string;
}

/** Everything that may be written under `extra_specs` or `properties`. */
export interface NovaKeys {
  readonly known: readonly NovaKey[];
  readonly refused: readonly RefusedKey[];
  /** First parts of keys that belong to OpenStack: an unknown key that begins with one is a mistake and no metadata. */
  readonly reserved: readonly string[];
}
