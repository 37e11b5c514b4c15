import { imageProperties } from "./hardware/image-properties.ts";
import type { NovaKey, NovaKeys } from "./hardware/nova-key.ts";

/** What becomes of the properties that an image has in Glance. */
export interface SourceProperties {
  /** Those that guests depend on, or that describe the image. */
  readonly taken: Readonly<Record<string, string>>;
  /** Those of Nova that virtform does not follow, each with the reason as a sentence. */
  readonly refused: readonly { readonly name: string; readonly why: string }[];
}

/** Sorts the properties of an image in Glance. Those that Nova does not know, such as metadata of other programs, are in neither part. Pure. */
export function propertiesOfSource(properties: Readonly<Record<string, string>>, keys: NovaKeys = imageProperties): SourceProperties {
  const taken: Record<string, string> = {};
  const refused: { name: string; why: string }[] = [];
  for (const [name, value] of Object.entries(properties)) {
    const key = keys.known.find((one) => matches(one.name, name));
    if (key !== undefined) {
      const why = unfit(key, value);
      if (why === undefined) taken[name] = value;
      else if (key.information !== true) refused.push({ name, why });
      continue;
    }
    const known = keys.refused.find((one) => matches(one.name, name));
    if (known !== undefined) refused.push({ name, why: known.why });
  }
  return { taken, refused };
}

function matches(pattern: string, name: string): boolean {
  if (pattern.endsWith("*")) return name.startsWith(pattern.slice(0, -1));
  return pattern.endsWith(".N")
    ? name.startsWith(pattern.slice(0, -1)) && /^\d{1,3}$/.test(name.slice(pattern.length - 1))
    : pattern === name;
}

function unfit({ value: { schema, words } }: NovaKey, value: string): string | undefined {
  const {
    pattern,
    enum: values,
    number,
    maxLength,
    refusedValues,
  } = schema as {
    readonly pattern?: string;
    readonly enum?: readonly string[];
    readonly number?: { readonly minimum: number; readonly maximum: number };
    readonly maxLength?: number;
    readonly refusedValues?: Readonly<Record<string, string>>;
  };
  const fits =
    (pattern === undefined || new RegExp(pattern).test(value)) &&
    (values === undefined || values.includes(value)) &&
    (number === undefined || (Number(value) >= number.minimum && Number(value) <= number.maximum)) &&
    (maxLength === undefined || value.length <= maxLength);
  return fits ? undefined : (refusedValues?.[value] ?? `It is ${JSON.stringify(value.slice(0, 100))}, and virtform takes ${words}.`);
}
