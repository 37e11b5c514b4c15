import { byCommand, environmentName } from "../../config/secret-schema.ts";

/** Beginnings of user data that cloud-init, cloudbase-init or Ignition (JSON) recognise. MIME messages are recognised by their headers. */
const userDataStarts = [
  "#cloud-config",
  "#!",
  "#include",
  "#cloud-boothook",
  "#part-handler",
  "## template: jinja",
  "#upstart-job",
  "content-type:",
  "#ps1",
  "<powershell>",
  "<script>",
  "rem cmd",
  "{",
] as const;

/** `user_data` of an instance. */
export const userDataSchema = {
  description:
    "User data for cloud-init: inline text, a path that starts with ./, ../ or / (relative to this file), { file: PATH }, or { env: NAME } or { command: [PROGRAM, …] } for secret text. A file may be compressed with gzip; the guest gets it unchanged.",
  anyOf: [
    { type: "string" },
    {
      type: "object",
      additionalProperties: false,
      required: ["file"],
      properties: {
        file: {
          type: "string",
          description: "Path of the file, relative to this file.",
          minLength: 1,
          examples: ["./web.cloud-config"],
        },
      },
    },
    { type: "object", additionalProperties: false, required: ["env"], properties: { env: environmentName } },
    byCommand,
  ],
  textInput: { maximumEncoded: 65535, starts: userDataStarts },
  expects: "text, a path such as ./web.cloud-config, { file: PATH }, { env: NAME } or { command: [PROGRAM, …] }",
  examples: ["./web.cloud-config", "#cloud-config\npackages: [nginx]\n", { file: "web.cloud-config" }, { env: "WEB_USER_DATA" }],
} as const;
