import { ipAddress } from "../schema-parts.ts";
import { hostName } from "./host-name-schema.ts";

const address = { type: "string", ...ipAddress } as const;

/** `dns` of a network. */
export const dnsSchema = {
  type: "object",
  description:
    "The name server that the host runs in the network. It knows the machines that got an address by DHCP, and asks the host's own servers for the rest. Types nat, routed, open and isolated only.",
  additionalProperties: false,
  properties: {
    enabled: { type: "boolean", description: "Whether there is one.", default: true, examples: [false] },
    forwarders: {
      type: "array",
      description: "Servers that are asked for other names. Default: those of the host.",
      items: address,
      maxItems: 16,
      examples: [["9.9.9.9"]],
    },
    hosts: {
      type: "array",
      description: "Names of addresses. Default: none.",
      maxItems: 4096,
      items: {
        type: "object",
        description: "One address and its names.",
        additionalProperties: false,
        required: ["address", "names"],
        synonyms: { ip: "address", hostnames: "names", name: "names" },
        properties: {
          address: { ...address, description: "The address. Each is listed once.", examples: ["192.168.50.1"] },
          names: { type: "array", description: "Its names.", items: hostName, minItems: 1, maxItems: 64, examples: [["gateway", "ntp"]] },
        },
      },
      examples: [[{ address: "192.168.50.1", names: ["gateway"] }]],
    },
    txt: {
      type: "array",
      description: "TXT records, one for each name. Default: none.",
      maxItems: 256,
      items: {
        type: "object",
        description: "One TXT record.",
        additionalProperties: false,
        required: ["name", "value"],
        properties: {
          name: {
            type: "string",
            description: "Its name.",
            pattern: "^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,252}$",
            expects: "a name of letters, digits, dots, hyphens and underscores",
            examples: ["example"],
          },
          value: {
            type: "string",
            description: "Its text.",
            pattern: "^[^\\u0000-\\u001f\\u007f]{1,255}$",
            expects: "1 to 255 characters on one line, without control characters",
            examples: ["some value"],
          },
        },
      },
      examples: [[{ name: "example", value: "some value" }]],
    },
    srv: {
      type: "array",
      description: "SRV records. Default: none.",
      maxItems: 256,
      items: {
        type: "object",
        description: "One SRV record.",
        additionalProperties: false,
        required: ["service", "protocol", "target", "port"],
        properties: {
          service: {
            type: "string",
            description: "Name of the service, without the underscore.",
            pattern: "^[a-z0-9][a-z0-9-]{0,14}$",
            expects: "at most 15 lower-case letters, digits and hyphens",
            examples: ["ldap"],
          },
          protocol: { type: "string", description: "Its protocol.", enum: ["tcp", "udp"], examples: ["tcp"] },
          domain: { ...hostName, description: "Domain of the record. Default: the domain of the network.", examples: ["lan.example"] },
          target: { ...hostName, description: "Host that provides the service.", examples: ["directory.lan.example"] },
          port: { type: "integer", description: "Its port.", minimum: 1, maximum: 65_535, examples: [389] },
          priority: { type: "integer", description: "Priority; lower ones are used first.", minimum: 0, maximum: 65_535, examples: [10] },
          weight: { type: "integer", description: "Share among those of one priority.", minimum: 0, maximum: 65_535, examples: [5] },
        },
      },
      examples: [[{ service: "ldap", protocol: "tcp", target: "directory.lan.example", port: 389 }]],
    },
  },
  examples: [{ forwarders: ["9.9.9.9"] }],
} as const;
