import type { NovaKey, NovaKeys } from "./nova-key.ts";

/** The JSON Schema of a mapping of Nova's keys to texts. `noun`: what one of them is called; `other`: the table of the other place. */
export function novaSchema(
  keys: NovaKeys,
  other: NovaKeys,
  words: { readonly noun: string; readonly description: string; readonly otherPlace: string },
): { readonly type: "object"; readonly description: string } {
  const plain = keys.known.filter(({ name }) => !name.endsWith(".N"));
  const counted = keys.known.filter(({ name }) => name.endsWith(".N"));
  const elsewhere = other.known.flatMap(({ name }): [string, string][] =>
    keys.known.some((key) => key.name === name) || name.endsWith(".N") ? [] : [[name, `It is ${words.otherPlace}. Move it there.`]],
  );
  const schema = {
    type: "object" as const,
    description: words.description,
    openKeys: { noun: words.noun, hint: "Metadata of your own needs a namespace of its own: write acme:KEY." },
    refusedKeys: Object.fromEntries([...elsewhere, ...keys.refused.map(({ name, why, instead }) => [name, `${why} ${instead}`])]),
    properties: Object.fromEntries(plain.map((key) => [key.name, schemaOf(key)])),
    patternProperties: {
      ...Object.fromEntries(counted.map((key) => [`^${escaped(key.name.slice(0, -1))}[0-9]{1,3}$`, schemaOf(key)])),
      [metadataPattern(keys)]: {
        type: "string",
        description: "Metadata of your own, which no guest depends on.",
        maxLength: 255,
        examples: ["2026-01-31"],
      },
    },
    additionalProperties: false,
  };
  return schema;
}

function schemaOf({ about, value }: NovaKey) {
  return { type: "string", description: about, ...value.schema };
}

/** A key with a namespace that is not one of OpenStack's: `acme:rack`, `com.example.build`. */
function metadataPattern({ reserved, refused }: NovaKeys): string {
  const openStack = [...reserved, ...refused.flatMap(({ name }) => (name.endsWith(":*") ? [name.slice(0, -2)] : []))];
  return `^(?!(${openStack.map(escaped).join("|")}|trait[^:.]*|resources[^:.]*)[:._])[A-Za-z][A-Za-z0-9_-]*[:.][^\\s]+$`;
}

function escaped(text: string): string {
  return text.replaceAll(/[.\\]/g, "\\$&");
}
