const text = { type: "string" } as const;
const boolean = { type: "boolean" } as const;
const texts = { type: "array", items: text } as const;
const address = { type: "string", pattern: "^([^/]+/)?[^/]+/.+$", description: "KIND/NAME, with several hosts HOST/KIND/NAME." } as const;
const bytes = { type: ["number", "null"] } as const;
const cause = { enum: ["config", "drift", "both"] } as const;
const effect = { enum: ["none", "live", "next_boot", "with_restart", "restart", "rebuild"] } as const;
const sensitive = {
  description: "The shape of the object with true for each value that is a secret; false where there is no object.",
  type: ["object", "boolean"],
} as const;

const field = {
  type: "object",
  description: "One value that differs. `old` is absent for a new one, `new` for one that is removed.",
  required: ["path"],
  properties: { path: text, old: {}, new: {}, effect, cause, why: text },
} as const;

const identity = {
  address,
  previous_address: { ...address, description: "Its address before it was renamed." },
  index: { type: ["string", "integer"], description: "Which copy of its entry it belongs to: a key of for_each, or a number of count." },
  mode: { const: "managed" },
  type: { type: "string", description: "The kind of the object: image, disk, seed, domain, volume." },
  name: text,
  provider_name: { const: "virtform" },
} as const;
const identityKeys = ["address", "mode", "type", "name", "provider_name"] as const;

const states = {
  actions: {
    enum: [["no-op"], ["create"], ["update"], ["delete", "create"], ["delete"]],
    description: "What happens to the object.",
  },
  before: { description: "The object as it is; null if it does not exist.", type: ["object", "null"] },
  after: { description: "The object as wanted; null if it is deleted.", type: ["object", "null"] },
  after_unknown: { type: "object" },
  before_sensitive: sensitive,
  after_sensitive: sensitive,
} as const;
const stateKeys = ["actions", "before", "after", "after_unknown", "before_sensitive", "after_sensitive"] as const;

const change = {
  type: "object",
  required: [...identityKeys, "change"],
  properties: {
    ...identity,
    action_reason: text,
    change: {
      type: "object",
      required: stateKeys,
      properties: {
        ...states,
        importing: {
          type: "object",
          description: "Of an object that is adopted: what it was before.",
          required: ["id"],
          properties: { id: text },
        },
        replace_paths: { type: "array", items: { type: "array", items: { type: ["string", "integer"] } } },
        virtform: {
          type: "object",
          description: "What Terraform's representation has no place for.",
          required: ["cause", "reason", "effect", "bytes", "destroys", "fields", "actions"],
          properties: {
            cause,
            reason: text,
            effect,
            bytes: { type: "number", description: "Bytes to be downloaded, copied or converted, as far as they are known." },
            destroys: { ...texts, description: "What is permanently deleted, in words." },
            overwrites: { type: "number", description: "Bytes that are overwritten before their removal." },
            fields: { type: "array", items: field },
            actions: {
              type: "array",
              items: {
                type: "object",
                required: ["id", "type", "summary", "effect"],
                properties: {
                  id: text,
                  type: text,
                  summary: text,
                  effect,
                  seconds: { type: "number", description: "How long it takes, as far as that can be known before." },
                  moves: {
                    type: "object",
                    description: "Bytes that it moves, by the way in which it does; holes of files do not count. Null: not known before.",
                    properties: { download: bytes, copy: bytes, convert: bytes, overwrite: bytes },
                  },
                  takes: {
                    type: "object",
                    description: "Bytes that the storage has less: at once (`thin`), and when the guest has filled the disk (`full`).",
                    required: ["thin", "full"],
                    properties: { thin: bytes, full: bytes },
                  },
                },
              },
            },
          },
        },
      },
    },
  },
} as const;

const drift = {
  type: "object",
  description: "In the opposite direction: `before` is what should be, `after` is what was found.",
  required: [...identityKeys, "change"],
  properties: {
    ...identity,
    change: {
      type: "object",
      required: [...stateKeys, "virtform"],
      properties: {
        ...states,
        virtform: { type: "object", required: ["cause", "reason", "fields"], properties: { cause, reason: text, fields: texts } },
      },
    },
  },
} as const;

const place = {
  type: "object",
  required: ["line", "column"],
  properties: { line: { type: "integer" }, column: { type: "integer" } },
} as const;

const diagnostic = {
  type: "object",
  required: ["severity", "code", "summary", "detail"],
  properties: {
    severity: { enum: ["error", "warning", "note"] },
    code: { type: "string", description: "Stable; docs/errors.md lists them." },
    summary: text,
    detail: text,
    address,
    range: { type: "object", required: ["filename", "start", "end"], properties: { filename: text, start: place, end: place } },
    snippet: { type: "object", required: ["code", "start_line"], properties: { code: text, start_line: { type: "integer" } } },
  },
} as const;

const target = {
  type: "object",
  required: ["uri", "instances_path"],
  properties: { uri: text, instances_path: text, image_cache_subdirectory_name: text },
} as const;
const eventHook = {
  ...texts,
  description: "The program of `host.event_hook` with its arguments, which the apply runs for each step of an image. Absent without one.",
} as const;

/** The JSON Schema of `plan --json` and `drift --json`. Readers must ignore keys that it does not have. */
export const planDocumentSchema = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  $id: "https://raw.githubusercontent.com/virtform/virtform/main/schemas/plan.schema.json",
  title: "virtform plan",
  description: "The document of `virtform plan --json` and `virtform drift --json`, a subset of Terraform's plan representation.",
  type: "object",
  required: [
    "format_version",
    "virtform_version",
    "timestamp",
    "resource_changes",
    "resource_drift",
    "unmanaged",
    "pending",
    "diagnostics",
    "applyable",
    "complete",
    "errored",
  ],
  properties: {
    format_version: { type: "string", pattern: "^1\\.", description: "Keys are added within a major version." },
    virtform_version: text,
    timestamp: { type: "string", pattern: "^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ$", description: "When the document was written." },
    project: { type: "string", description: "Absent if planning failed." },
    target: { ...target, description: "The host; absent with several and if planning failed." },
    hosts: {
      type: "array",
      items: {
        type: "object",
        required: ["host", "project", "target", "applyable", "complete", "errored"],
        properties: { host: text, project: text, target, event_hook: eventHook, applyable: boolean, complete: boolean, errored: boolean },
      },
    },
    event_hook: eventHook,
    variables: {
      type: "object",
      description: "The variables of the configuration that were used.",
      additionalProperties: {
        type: "object",
        required: ["value", "from"],
        properties: { value: { description: "Null for a secret." }, sensitive: boolean, from: text },
      },
    },
    resource_changes: { type: "array", items: change, description: "Every object, also those without a change, by address." },
    resource_drift: { type: "array", items: drift, description: "Objects that were changed on the host." },
    unmanaged: {
      type: "array",
      items: {
        type: "object",
        required: ["what", "name"],
        properties: {
          what: text,
          name: text,
          owner: { type: "string", description: "Its project." },
          note: text,
          uuid: text,
          disks: texts,
          uses: texts,
          takes: {
            type: "object",
            required: ["memory", "vcpus"],
            properties: { memory: { type: "number", description: "Bytes." }, vcpus: { type: "number" } },
          },
        },
      },
    },
    pending: {
      type: "array",
      description: "Guests that wait for a restart: `old` is what runs, `new` is what is stored.",
      items: {
        type: "object",
        required: [...identityKeys, "fields"],
        properties: { ...identity, fields: { type: "array", items: field } },
      },
    },
    excluded: { ...texts, description: "Addresses whose changes --exclude left out, and those that cannot be done without them." },
    ignored: {
      type: "array",
      description: "Drift that `drift --ignore` accepts. Absent without it.",
      items: {
        type: "object",
        required: [...identityKeys, "fields"],
        properties: { ...identity, fields: { type: "array", items: field }, reason: text, until: text },
      },
    },
    forecast: {
      type: "object",
      description: "What an apply will take. Absent if there is nothing to do.",
      required: ["download", "write", "overwrite", "full", "unknown", "seconds", "measured", "downtime"],
      properties: {
        download: { type: "number", description: "Bytes from other machines." },
        write: { type: "number", description: "Bytes taken of the storage at once." },
        overwrite: { type: "number", description: "Bytes that are overwritten before removal, all passes together." },
        full: { type: "number", description: "Bytes taken of the storage when guests have filled their disks." },
        unknown: { ...texts, description: "Addresses of objects whose sizes are not known: then all numbers are the least." },
        seconds: { type: "number", description: "From the first action to the last." },
        measured: { type: "boolean", description: "The speeds were measured on this host; otherwise they are guesses." },
        downtime: {
          type: "array",
          description: "Guests that are off for a while.",
          items: { type: "object", required: ["address", "seconds"], properties: { address, seconds: { type: "number" } } },
        },
      },
    },
    diagnostics: { type: "array", items: diagnostic },
    applyable: { type: "boolean", description: "There is something to do, and it may be done." },
    complete: { type: "boolean", description: "Everything that the plan is about could be looked at." },
    errored: { type: "boolean", description: "There is an error, or not everything could be looked at." },
  },
} as const;
