import { size } from "../schema-parts.ts";

/** Where the content of an image is published. */
export const publishSchema = {
  type: "object",
  description: "Publishes the base image of this image, as it is on the host. What was published stays when it is no longer configured.",
  additionalProperties: false,
  required: ["glance"],
  properties: {
    glance: {
      type: "object",
      description: "OpenStack's image service, which the section glance names.",
      additionalProperties: false,
      properties: {
        name: {
          type: "string",
          description: "Its name there. Default: the name of the image here.",
          minLength: 1,
          maxLength: 255,
          examples: ["debian-13 golden"],
        },
        visibility: {
          type: "string",
          description: "Who may use it.",
          enum: ["private", "shared", "community", "public"],
          meanings: {
            private: "The project of the cloud.",
            shared: "The project and its members.",
            community: "Everybody who knows the id.",
            public: "Everybody. Most clouds allow it to administrators only.",
          },
          default: "private",
          examples: ["shared"],
        },
        members: {
          type: "array",
          description: "Projects that a shared image is offered to, by id.",
          items: {
            type: "string",
            description: "The id of a project.",
            pattern: "^[0-9A-Za-z-]{1,255}$",
            expects: "the id of a project",
            examples: ["4957b1812e0344528421a23c1de1faa1"],
          },
          uniqueItems: true,
          maxItems: 128,
          examples: [["4957b1812e0344528421a23c1de1faa1"]],
        },
        protected: { type: "boolean", description: "The service refuses to delete it.", default: false, examples: [true] },
        min_disk: size("Minimum size of the root disk, in whole GiB. Default: min_disk of the image.", ["2GiB"]),
        min_ram: size("Minimum memory, in whole MiB. Default: min_ram of the image.", ["256MiB"]),
        tags: {
          type: "array",
          description: "Tags of the image there.",
          items: { type: "string", description: "A tag.", minLength: 1, maxLength: 255, examples: ["golden"] },
          uniqueItems: true,
          maxItems: 128,
          examples: [["golden"]],
        },
        properties: {
          type: "object",
          description:
            "Properties there, beside those of the image, over which they have precedence. Others that it has there are left alone.",
          additionalProperties: { type: "string", description: "The value of a property.", maxLength: 255, examples: ["2026-11-29"] },
          maxProperties: 100,
          examples: [{ build: "2026-11-29" }],
        },
      },
      examples: [{ name: "debian-13 golden", visibility: "shared", tags: ["golden"] }],
    },
  },
  examples: [{ glance: { name: "debian-13 golden" } }],
} as const;
