import type { Pointer } from "../../../model/pointer.ts";
import type { FlavorConfig, ImageConfig, InstanceConfig } from "../../config.ts";
import type { FieldValue } from "../../terms/domain-state.ts";
import { extraSpecs } from "./extra-specs.ts";
import { imageProperties } from "./image-properties.ts";
import type { NovaKey, NovaKeys } from "./nova-key.ts";
import { hardwareKeys, hostKeys, powerKeys } from "./schema.ts";

/** What describes the hardware of a guest, with the names of the entries that it is written in. */
export interface HardwareInput {
  /** Its entry of `instances`. */
  readonly entry: string;
  readonly instance: InstanceConfig;
  readonly flavor: FlavorConfig;
  readonly image: { readonly name: string | undefined; readonly config: Partial<ImageConfig> };
}

/** One setting of the hardware, and where it is written. */
export interface HardwareSetting {
  /** Path among the keys of an instance: `tpm.version`. */
  readonly path: string;
  readonly value: FieldValue;
  /** For messages: `tpm.version of instance web`. */
  readonly words: string;
  readonly pointer: Pointer;
}

/** Every setting that the instance, its flavor and its image make, in this order. A path that is written at several places comes several times. */
export function hardwareSettings({ entry, instance, flavor, image }: HardwareInput): HardwareSetting[] {
  return [
    ...ownSettings(instance, ["instances", entry], `instance ${entry}`, ownKeys),
    ...ownSettings(flavor, ["flavors", instance.flavor], `flavor ${instance.flavor}`, flavorKeys),
    ...novaSettings(extraSpecs, flavor.extra_specs, ["flavors", instance.flavor, "extra_specs"], `flavor ${instance.flavor}`),
    ...(image.name === undefined
      ? []
      : novaSettings(imageProperties, image.config.properties, ["images", image.name, "properties"], `image ${image.name}`)),
  ];
}

/** The hardware of a guest by path; of a path that is written at several places the first, as `hardwareSettings` lists them. */
export function hardwareOf(input: HardwareInput): Readonly<Record<string, FieldValue>> {
  return Object.fromEntries(
    hardwareSettings(input)
      .reverse()
      .map(({ path, value }) => [path, value]),
  );
}

/** Settings with several values, each with every place that it is written at. */
export function contradictions(settings: readonly HardwareSetting[]): HardwareSetting[][] {
  const byPath = [...Map.groupBy(settings, ({ path }) => path).values()];
  return byPath.filter((written) => written.some(({ value }) => value !== written[0]?.value));
}

const flavorKeys = Object.keys(hardwareKeys);
const ownKeys = [...flavorKeys, ...Object.keys(hostKeys), ...Object.keys(powerKeys)];

function ownSettings(written: object, pointer: Pointer, owner: string, keys: readonly string[]): HardwareSetting[] {
  const values = written as Readonly<Record<string, unknown>>;
  const given = keys.filter((key) => values[key] !== undefined);
  return given.flatMap((key) => leaves(values[key], [key]).map(({ path, value }) => setting(path, value, owner, [...pointer, ...path])));
}

function setting(path: Pointer, value: FieldValue, owner: string, pointer: Pointer): HardwareSetting {
  return { path: path.join("."), value, words: `${path.join(".")} of ${owner}`, pointer };
}

function leaves(value: unknown, path: Pointer): { readonly path: Pointer; readonly value: FieldValue }[] {
  if (value === undefined || value === null) return [];
  if (typeof value !== "object") return [{ path, value: value as FieldValue }];
  const steps: readonly (readonly [string | number, unknown])[] = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return steps.flatMap(([step, child]) => leaves(child, [...path, step]));
}

function novaSettings(keys: NovaKeys, texts: Readonly<Record<string, string>> = {}, pointer: Pointer, owner: string): HardwareSetting[] {
  return Object.entries(texts).flatMap(([name, text]) => {
    const found = findKey(keys.known, name);
    if (found === undefined || found.sets === null) return [];
    const value = found.key.value.read(text);
    return value === null ? [] : [{ path: found.sets, value, words: `${name} of ${owner}`, pointer: [...pointer, name] }];
  });
}

const tables = new WeakMap<readonly NovaKey[], ReadonlyMap<string, NovaKey>>();

/** The key of a name, and the setting with its number filled in. */
function findKey(known: readonly NovaKey[], name: string): { readonly key: NovaKey; readonly sets: string | null } | undefined {
  const byName = tables.get(known) ?? new Map(known.map((key) => [key.name, key]));
  tables.set(known, byName);
  const plain = byName.get(name);
  if (plain !== undefined) return { key: plain, sets: plain.sets };
  const [, start, number] = /^(.*\.)([0-9]{1,3})$/.exec(name) ?? [];
  const counted = number === undefined ? undefined : byName.get(`${start}N`);
  return counted === undefined ? undefined : { key: counted, sets: counted.sets?.replace("N", String(Number(number))) ?? null };
}
