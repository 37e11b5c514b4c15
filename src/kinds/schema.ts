import { flavorSchema } from "./flavor/schema.ts";
import { hostSchema } from "./host/schema.ts";
import { imageSchema } from "./image/schema.ts";
import { instanceSchema } from "./instance/schema.ts";
import { keyPairSchema } from "./key-pair/schema.ts";
import { entryNames } from "./schema-parts.ts";
import { volumeSchema } from "./volume/schema.ts";

/** The JSON Schema (2020-12) of a configuration, put together from the nouns a user can write. */
export const schema = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  title: "virtform configuration",
  description: "What should exist on a libvirt host. Several files of a directory are read as one.",
  type: "object",
  additionalProperties: false,
  notYet: ["networks", "security_groups"],
  properties: {
    project: {
      type: "string",
      description: "Who owns what this configuration makes, so that several can share a host. Objects of other projects are never touched.",
      pattern: "^[a-zA-Z0-9][a-zA-Z0-9._-]{0,62}$",
      expects: "a name of at most 63 letters, digits, dots, underscores and hyphens",
      default: "default",
      examples: ["shop"],
    },
    host: hostSchema,
    images: {
      type: "object",
      description: "Images by name. Instances refer to them; those that nobody refers to are fetched all the same.",
      propertyNames: entryNames,
      additionalProperties: imageSchema,
    },
    flavors: {
      type: "object",
      description: "Sizes of instances by name.",
      propertyNames: entryNames,
      additionalProperties: flavorSchema,
    },
    key_pairs: {
      type: "object",
      description: "Public ssh keys by name.",
      propertyNames: entryNames,
      additionalProperties: keyPairSchema,
    },
    volumes: {
      type: "object",
      description: "Disks that outlive instances, by name. Instances attach them.",
      propertyNames: entryNames,
      additionalProperties: volumeSchema,
    },
    instances: {
      type: "object",
      description: "Guests by name. A name is a host name: lower-case letters, digits and hyphens.",
      counted: "count",
      propertyNames: {
        type: "string",
        pattern: "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$",
        expects: "a host name of at most 63 lower-case letters, digits and hyphens that starts and ends with a letter or digit",
      },
      additionalProperties: instanceSchema,
    },
  },
} as const;

/** The schema as it is published for editors and other tools. */
export function schemaText(): string {
  return `${JSON.stringify(schema, null, 2)}\n`;
}
