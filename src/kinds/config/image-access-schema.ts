import { secretExpectation, secretForms } from "./secret-schema.ts";

function reference<Description extends string>(description: Description) {
  return {
    description: `${description}: { env: NAME }, { file: PATH } or { command: [PROGRAM, …] } on the machine that runs virtform.`,
    anyOf: secretForms,
    secret: true,
    expects: secretExpectation,
    examples: [{ env: "IMAGES_TOKEN" }, { file: "./images.token" }],
  } as const;
}

/** What is presented to a web server that images come from. */
export const accessSchema = {
  type: "object",
  description:
    "What is presented to the web server of source, by reference. Values are read when the image is fetched; no plan, journal, log or program argument has them. Another server that source redirects to gets nothing.",
  additionalProperties: false,
  minProperties: 1,
  together: [
    { key: "bearer", needs: [], excludes: ["basic", "netrc"], why: "A request has one Authorization header." },
    { key: "basic", needs: [], excludes: ["netrc"], why: "A request has one Authorization header." },
  ],
  properties: {
    bearer: reference("A token, sent as Authorization: Bearer"),
    basic: {
      type: "object",
      description: "User name and password.",
      additionalProperties: false,
      required: ["user", "password"],
      properties: {
        user: {
          type: "string",
          description: "The user name.",
          pattern: "^[^:\\x00-\\x1f]+$",
          expects: "a name without colons and control characters",
          examples: ["deploy"],
        },
        password: reference("The password"),
      },
      examples: [{ user: "deploy", password: { env: "IMAGES_PASSWORD" } }],
    },
    netrc: reference("The text of a netrc file, in which the host of source has a user and a password"),
    headers: {
      type: "object",
      description: "Further header fields by name, each with a reference to its value.",
      propertyNames: {
        type: "string",
        pattern:
          "^(?![Hh][Oo][Ss][Tt]$|[Rr][Aa][Nn][Gg][Ee]$|[Ii][Ff]-|[Aa][Cc][Cc][Ee][Pp][Tt]-[Ee]|[Cc][Oo][Nn])[A-Za-z0-9!#$%&'*+.^_|~-]{1,64}$",
        expects: "the name of a header field other than Host, Range, If-…, Accept-Encoding and Connection, which virtform sets",
      },
      additionalProperties: reference("The value of the field"),
      maxProperties: 16,
      examples: [{ "X-Api-Key": { env: "IMAGES_KEY" } }],
    },
    client_certificate: {
      type: "object",
      description:
        "A certificate of the client, as PEM. On a host over ssh it is used by virtform itself, and the image is pushed from here.",
      additionalProperties: false,
      required: ["certificate", "key"],
      properties: {
        certificate: reference("The certificate, with its chain"),
        key: reference("The private key of the certificate"),
        passphrase: reference("The passphrase of the key"),
      },
      examples: [{ certificate: { file: "./client.pem" }, key: { file: "./client.key" } }],
    },
    ca: reference("Certificates of authorities, as PEM, that are trusted beside those of the system"),
  },
  examples: [{ bearer: { env: "IMAGES_TOKEN" } }],
} as const;
