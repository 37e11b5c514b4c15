import { entryNames } from "../schema-parts.ts";

const names = {
  type: "string",
  pattern: "^[A-Za-z_][A-Za-z0-9_]{0,62}$",
  expects: "a name of at most 63 letters, digits and underscores that does not start with a digit",
} as const;

/** The section `variables`. */
export const variablesSchema = {
  type: "object",
  description:
    "Values that are given from outside, used as ${var.NAME}. Given by --var NAME=VALUE, --var-file FILE or VIRTFORM_VAR_NAME; otherwise the default.",
  propertyNames: names,
  additionalProperties: {
    type: "object",
    description: "One variable. Without a default, a value must be given.",
    additionalProperties: false,
    properties: {
      type: {
        type: "string",
        description:
          "Type of the value. Default: that of the default, enum where there is `enum`, else string. A secret is a reference: { env: NAME }, { file: PATH } or { command: [PROGRAM, …] }; the value of VIRTFORM_VAR_NAME is used by reference, too.",
        enum: ["string", "number", "boolean", "size", "list", "map", "enum", "secret"],
        examples: ["size"],
      },
      default: { description: "Value if none is given. It has no expressions.", examples: ["dev", 2, "2GiB"] },
      description: { type: "string", description: "What the variable is for.", maxLength: 1000, examples: ["Environment of the guests."] },
      enum: {
        type: "array",
        description: "The possible values.",
        items: { anyOf: [{ type: "string" }, { type: "number" }, { type: "boolean" }], expects: "texts, numbers or booleans" },
        minItems: 1,
        maxItems: 1000,
        examples: [["dev", "prod"]],
      },
      pattern: {
        type: "string",
        description: "Regular expression (JavaScript) that the whole value of a text has to match.",
        maxLength: 1000,
        examples: ["[a-z]+[0-9]*"],
      },
      minimum: {
        description: "Smallest value of a number or a size.",
        anyOf: [{ type: "number" }, { type: "string" }],
        expects: "a number, or a size such as 1GiB",
        examples: [1, "1GiB"],
      },
      maximum: {
        description: "Largest value of a number or a size.",
        anyOf: [{ type: "number" }, { type: "string" }],
        expects: "a number, or a size such as 8GiB",
        examples: [10, "8GiB"],
      },
      message: {
        type: "string",
        description: "What to say when a value is rejected.",
        maxLength: 1000,
        examples: ["Ask the storage team before choosing more."],
      },
    },
    examples: [{ type: "enum", enum: ["dev", "prod"], default: "dev" }],
  },
  examples: [{ env: { enum: ["dev", "prod"], default: "dev" }, ram: { type: "size", default: "2GiB", maximum: "8GiB" } }],
} as const;

/** The section `locals`. */
export const localsSchema = {
  type: "object",
  description: "Values with a name, used as ${local.NAME}. They may use variables and each other.",
  propertyNames: names,
  additionalProperties: { description: "The value, of any type.", examples: ["shop-${var.env}"] },
  examples: [{ domain: "${var.env}.example.org" }],
} as const;

/** The section `include`. */
export const includeSchema = {
  type: "object",
  description: "Other files with what they declare, by name. The same file can be included several times, with other variables.",
  propertyNames: entryNames,
  additionalProperties: {
    type: "object",
    description: "One file or directory. It declares its own variables, and does not see those of this file.",
    additionalProperties: false,
    required: ["path"],
    properties: {
      path: {
        type: "string",
        description: "File, or directory with virtform.yaml and *.virtform.yaml; relative to this file.",
        minLength: 1,
        maxLength: 4096,
        examples: ["./modules/web"],
      },
      prefix: {
        type: "string",
        description:
          "Put in front of every name that the file declares. Default: the name of this entry and a hyphen. Empty: names stay as they are.",
        pattern: "^([a-zA-Z0-9][a-zA-Z0-9._-]{0,61})?$|^[^$]*\\$\\{",
        expects: "the beginning of a name: letters, digits, dots, underscores and hyphens",
        examples: ["blue-", ""],
      },
      variables: {
        type: "object",
        description: "Values for the variables that the file declares.",
        propertyNames: names,
        additionalProperties: { description: "The value.", examples: ["${var.env}"] },
        examples: [{ size: "small" }],
      },
      for_each: {
        description: "Includes the file once for each item of a list, or key of a mapping; the names are NAME-KEY.",
        anyOf: [{ type: "array" }, { type: "object" }, { type: "string", pattern: "\\$\\{", expects: "an expression such as ${var.NAME}" }],
        expects: "a list of texts, a mapping, or an expression",
        examples: [["blue", "green"]],
      },
    },
    examples: [{ path: "./modules/web", variables: { count: 2 } }],
  },
  examples: [{ blue: { path: "./modules/web", variables: { count: 2 } } }],
} as const;
