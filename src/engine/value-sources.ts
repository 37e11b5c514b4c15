import type { Address } from "../model/address.ts";
import type { FieldChange } from "../model/change.ts";
import type { AnyKind, Observed } from "../model/kind.ts";
import type { Pointer } from "../model/pointer.ts";

/** Where the wanted value of a field comes from. */
export interface ValueSource {
  /** The field as of an object that does not exist yet: all that is wanted of it. */
  readonly field: FieldChange;
  readonly pointers: readonly Pointer[];
  readonly fromName: boolean;
}

type Node = string | number | boolean | null | readonly Node[] | { readonly [key: string]: Node };
type Entries = Readonly<Record<string, Node>>;

/**
 * Where each wanted value of an object comes from, by the path of its field. What is wanted follows from the configuration by pure functions, so the
 * answer needs no record of them: a value of the configuration is changed, and the fields that change with it come from it. Values that have to be
 * there are tried with another value only. A field that nothing written changes has its default, or follows from the name. Pure.
 */
export function valueSources<Config>(
  address: Address,
  entry: Pointer,
  { kind, config, observed }: { readonly kind: AnyKind<Config>; readonly config: Config; readonly observed: Observed },
): Map<string, ValueSource> {
  const part = partOf(config as unknown as Entries, entry);
  const evaluate = (given: Entries, at = address) => wantedFields(kind, given as unknown as Config, at, observed);
  const base = evaluate(part);
  if (base === undefined) return new Map();
  const changed = new Map<string, Pointer[]>();
  const removed = new Map<string, Pointer[]>();
  for (const pointer of leavesOf(part)) {
    const note = (into: Map<string, Pointer[]>, other: ReadonlyMap<string, FieldChange> | undefined) => {
      for (const [path, field] of other === undefined ? [] : base) {
        const value = other?.get(path)?.new;
        if (JSON.stringify(value) === JSON.stringify(field.new)) continue;
        const known = into.get(path) ?? [];
        if (!known.includes(pointer)) into.set(path, [...known, pointer]);
      }
    };
    for (const other of othersOf(part, pointer)) note(changed, evaluate(other));
    note(removed, evaluate(withValue(part, pointer, undefined) as Entries));
  }
  const [section = "", name = ""] = entry.map(String);
  const entries = part[section] as Entries;
  const renamed = { ...part, [section]: { ...withoutKey(entries, name), [`${name}x`]: entries[name] ?? null } };
  const other = evaluate(renamed, address.replace(`/${name}`, `/${name}x`) as Address);
  return new Map(
    [...base].map(([path, field]) => {
      const pointers = changed.get(path) ?? removed.get(path) ?? [];
      const fromName = pointers.length === 0 && other !== undefined && JSON.stringify(other.get(path)?.new) !== JSON.stringify(field.new);
      return [path, { field, pointers, fromName }];
    }),
  );
}

/** What is wanted of an object, as the fields of its creation; undefined where the configuration does not have it or cannot be used. */
function wantedFields<Config>(kind: AnyKind<Config>, config: Config, address: Address, observed: Observed) {
  try {
    const wanted = kind.desired(config, observed.facts).find((resource) => resource.address === address);
    if (wanted === undefined) return undefined;
    const fields = kind.diff(address, wanted.spec, undefined, observed)?.fields ?? [];
    return new Map(fields.map((field) => [field.path, field]));
  } catch {
    // With a changed value, the configuration may be one that validation rejects.
    return undefined;
  }
}

/** The entry with what it refers to, and what is in no section: the rest of a large configuration takes time and decides nothing. */
function partOf(config: Entries, [section, name]: Pointer): Entries {
  const kept = new Map<string, Set<string>>([[String(section), new Set([String(name)])]]);
  const sections = Object.entries(config).filter(([, value]) => isSection(value)) as [string, Entries][];
  const open: Node[] = [(config[String(section)] as Entries | undefined)?.[String(name)] ?? null];
  for (const node of open) {
    for (const text of textsIn(node))
      for (const [other, entries] of sections) {
        const known = kept.get(other) ?? new Set();
        if (other === "instances" || !Object.hasOwn(entries, text) || known.has(text)) continue;
        kept.set(other, known.add(text));
        open.push(entries[text] ?? null);
      }
  }
  return Object.fromEntries(
    Object.entries(config).map(([key, value]) => {
      if (!isSection(value)) return [key, value];
      return [key, Object.fromEntries(Object.entries(value).filter(([entry]) => kept.get(key)?.has(entry) === true))];
    }),
  );
}

/** `images` and the like: a mapping whose values are all mappings. */
function isSection(value: Node | undefined): value is Entries {
  return isMap(value) && Object.values(value).every(isMap);
}

function isMap(value: Node | undefined): value is Entries {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function textsIn(node: Node): string[] {
  if (typeof node === "string") return [node];
  return typeof node === "object" && node !== null ? Object.values(node).flatMap(textsIn) : [];
}

/** The pointers of all single values. */
function leavesOf(node: Node, at: Pointer = []): Pointer[] {
  if (typeof node !== "object" || node === null) return node === null ? [] : [at];
  if (Array.isArray(node)) return node.flatMap((item, index) => leavesOf(item, [...at, index]));
  return Object.entries(node).flatMap(([key, value]) => leavesOf(value, [...at, key]));
}

/** The configuration with other values at one place. A reference to an entry becomes one to a copy of it. */
function othersOf(config: Entries, pointer: Pointer): Entries[] {
  const value = pointer.reduce<Node | undefined>((node, step) => (node as Record<string | number, Node> | undefined)?.[step], config);
  const set = (other: Node, of = config) => withValue(of, pointer, other) as Entries;
  if (typeof value === "boolean") return [set(!value)];
  if (typeof value === "number") return [set(value + 1), set(value * 2)];
  if (typeof value !== "string") return [];
  const copied = Object.entries(config).map(([section, entries]) => {
    if (!isSection(entries) || !Object.hasOwn(entries, value)) return [section, entries] as const;
    return [section, { ...entries, [`${value}x`]: entries[value] ?? null }] as const;
  });
  return [set(`${value}x`, Object.fromEntries(copied))];
}

/** The same value with another one at a place; undefined removes what is there. */
function withValue(node: Node, [step, ...rest]: Pointer, value: Node | undefined): Node | undefined {
  if (step === undefined) return value;
  if (Array.isArray(node)) {
    const items = node.map((item, index) => (index === step ? withValue(item, rest, value) : item));
    return items.filter((item) => item !== undefined);
  }
  const map = node as Entries;
  const inner = withValue(map[String(step)] ?? null, rest, value);
  return inner === undefined ? withoutKey(map, String(step)) : { ...map, [step]: inner };
}

function withoutKey(map: Entries, key: string): Entries {
  return Object.fromEntries(Object.entries(map).filter(([other]) => other !== key));
}
