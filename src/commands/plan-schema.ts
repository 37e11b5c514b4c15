import { hostSchema } from "../kinds/host/schema.ts";
import { schema } from "../kinds/schema.ts";

const { instances, volumes, networks, images } = schema.properties;
const text = { type: "string" } as const;
const { pattern, expects } = hostSchema.properties.image_cache_subdirectory_name;
/** A name that leads out of the instances path must not come from a file. */
const imageCacheName = { type: "string", pattern, expects } as const;
const texts = { type: "array", items: text } as const;
const effect = { enum: ["none", "live", "next_boot", "with_restart", "restart", "rebuild"] } as const;
const cause = { enum: ["config", "drift", "both"] } as const;
const numbers = { type: "object", additionalProperties: { type: "number" } } as const;
const sizes = { type: "object", additionalProperties: { type: ["number", "null"] } } as const;
/** `kind/name`. */
const address = { type: "string", pattern: "^[^/]+/.+$", expects: "an address" } as const;

const action = {
  type: "object",
  required: ["id", "type", "address", "summary", "args", "needs", "makes", "locks", "effect"],
  properties: {
    id: text,
    type: text,
    address,
    summary: text,
    needs: { type: "array" },
    makes: { type: "array" },
    locks: texts,
    effect,
    destroys: text,
    idle: { const: true },
    cost: { type: "object", properties: { moves: sizes, takes: sizes, seconds: { type: "number" } } },
    after: texts,
  },
} as const;

/** A section of the configuration in which an entry has no more than these of its keys. */
function soughtSection(propertyNames: object, properties: object) {
  return { type: "object", propertyNames, additionalProperties: { type: "object", properties, additionalProperties: false } };
}

const entry = {
  instance: instances.additionalProperties.properties,
  volume: volumes.additionalProperties.properties,
  network: networks.additionalProperties.properties,
};
/** It decides what the apply takes for its own, so it is held to what a configuration may say. */
const sought = {
  type: "object",
  properties: {
    instances: soughtSection(instances.propertyNames, {
      count: entry.instance.count,
      adopt: entry.instance.adopt,
      uuid: entry.instance.uuid,
      renamed_from: entry.instance.renamed_from,
    }),
    volumes: soughtSection(volumes.propertyNames, { renamed_from: entry.volume.renamed_from }),
    networks: soughtSection(networks.propertyNames, { external: entry.network.external, renamed_from: entry.network.renamed_from }),
    published: { type: "object", propertyNames: images.propertyNames, additionalProperties: entry.instance.uuid },
  },
  additionalProperties: false,
};

const field = { type: "object", required: ["path"], properties: { path: text, effect, cause } } as const;

/**
 * The shape of the plan in a saved plan, as far as the engine and the reports rely on it. What is in the arguments of an action only
 * the version that wrote them knows.
 */
const plan = {
  type: "object",
  required: [
    "formatVersion",
    "host",
    "project",
    "target",
    "changes",
    "unchanged",
    "actions",
    "diagnostics",
    "unmanaged",
    "pending",
    "complete",
    "basis",
  ],
  properties: {
    formatVersion: { const: "1.0" },
    purpose: { const: "destroy" },
    host: text,
    project: text,
    target: { type: "object", required: ["uri", "instancesPath"], properties: { uri: text, instancesPath: text, imageCacheName } },
    changes: {
      type: "array",
      items: {
        type: "object",
        required: ["address", "verb", "cause", "reason", "fields", "actions"],
        properties: {
          address,
          previousAddress: address,
          verb: { enum: ["create", "adopt", "update", "replace", "delete"] },
          cause,
          reason: text,
          fields: { type: "array", items: field },
          actions: { type: "array", items: action },
        },
      },
    },
    unchanged: { type: "array", items: { type: "object", required: ["address"], properties: { address, previousAddress: address } } },
    actions: { type: "array", items: { ...action, required: [...action.required, "after"] } },
    diagnostics: {
      type: "array",
      items: {
        type: "object",
        required: ["severity", "code", "summary"],
        properties: { severity: { enum: ["error", "warning", "note"] }, code: text, summary: text, detail: text },
      },
    },
    unmanaged: {
      type: "array",
      items: { type: "object", required: ["what", "name"], properties: { what: text, name: text } },
    },
    pending: {
      type: "array",
      items: { type: "object", required: ["address", "fields"], properties: { address, fields: { type: "array", items: field } } },
    },
    complete: { type: "boolean" },
    basis: { type: "object", additionalProperties: text },
    excluded: { type: "array", items: address },
    unread: { type: "array", items: address },
    sought,
    eventHook: { type: "array", minItems: 1, maxItems: 32, items: { type: "string", minLength: 1 } },
    rates: {
      type: "object",
      required: ["bytesPerSecond", "seconds"],
      properties: { bytesPerSecond: numbers, seconds: numbers },
    },
    variables: {
      type: "array",
      items: {
        type: "object",
        required: ["name", "sensitive", "from"],
        properties: { name: text, sensitive: { type: "boolean" }, from: text },
      },
    },
  },
} as const;

/** A plan for several hosts also has the plan of each. */
export const planSchema = { ...plan, properties: { ...plan.properties, hosts: { type: "array", items: plan } } } as const;
