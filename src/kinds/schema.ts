import { glanceSchema } from "./config/glance-schema.ts";
import { flavorSchema } from "./flavor/schema.ts";
import { hostSchema } from "./host/schema.ts";
import { imageSchema } from "./image/schema.ts";
import { instanceSchema } from "./instance/schema.ts";
import { keyPairSchema } from "./key-pair/schema.ts";
import { networkSchema } from "./network/schema.ts";
import { entryNames } from "./schema-parts.ts";
import { securityGroupSchema } from "./security-group/schema.ts";
import { includeSchema, localsSchema, variablesSchema } from "./variables/schema.ts";
import { volumeSchema } from "./volume/schema.ts";

/** The JSON Schema (2020-12) of a configuration, composed of one schema per section. */
export const schema = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  title: "virtform configuration",
  description: "Desired state of a libvirt host. All configuration files of a directory are merged.",
  type: "object",
  additionalProperties: false,
  properties: {
    project: {
      type: "string",
      description:
        "Owner of the objects of this configuration, so that several configurations can share a host. Objects of other projects are never changed. Required; no other configuration on the host may have the same.",
      pattern: "^[a-zA-Z0-9][a-zA-Z0-9._-]{0,62}$",
      expects: "a name of at most 63 letters, digits, dots, underscores and hyphens",
      examples: ["shop"],
    },
    override: {
      type: "boolean",
      description:
        "Lays this file over the other files instead of adding to them: mappings are merged by key, lists and single values are replaced, and a key without a value is removed. For a file of one environment, given last: `virtform plan . prod.yaml`.",
      default: false,
      examples: [true],
    },
    variables: variablesSchema,
    locals: localsSchema,
    include: includeSchema,
    host: hostSchema,
    glance: glanceSchema,
    images: {
      type: "object",
      description: "Images by name. Unused images are fetched as well.",
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
      description: "Disks that are independent of instances, by name.",
      propertyNames: entryNames,
      additionalProperties: volumeSchema,
    },
    networks: {
      type: "object",
      description: "Networks that guests are connected to, by name.",
      propertyNames: entryNames,
      additionalProperties: networkSchema,
    },
    security_groups: {
      type: "object",
      description: "Rules of which connections guests accept and open, by name.",
      propertyNames: entryNames,
      additionalProperties: securityGroupSchema,
    },
    instances: {
      type: "object",
      description: "Guests by name. A name is a valid host name: lower-case letters, digits and hyphens.",
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
