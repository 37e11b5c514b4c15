/** The section `glance`: how images come from OpenStack's image service. Its keys are Nova's where Nova has them. */
export const glanceSchema = {
  type: "object",
  description:
    "How OpenStack's image service is reached, for sources with glance:// and for publish. Without it, the cloud is that of OS_CLOUD or the OS_* variables, and the catalogue of Keystone says where the service is.",
  additionalProperties: false,
  synonyms: { endpoints: "api_servers", retries: "num_retries", os_cloud: "cloud" },
  properties: {
    cloud: {
      type: "string",
      description:
        "An entry of clouds.yaml, which is looked for in the current directory, ~/.config/openstack and /etc/openstack, with secure.yaml beside it. Default: OS_CLOUD, the OS_* variables, or the only entry.",
      minLength: 1,
      examples: ["ops"],
    },
    api_servers: {
      type: "array",
      description:
        "Addresses of the image service, instead of those of the catalogue. A random one is asked first, and after a failure the next one.",
      items: {
        type: "string",
        description: "One server.",
        pattern: "^https?://[^\\s/?#@]+(?:/[^\\s?#@]*)?$",
        expects: "an http or https address without user, query and fragment",
        examples: ["https://glance1.example.org:9292"],
      },
      minItems: 1,
      maxItems: 64,
      examples: [["https://glance1.example.org:9292", "https://glance2.example.org:9292"]],
    },
    num_retries: {
      type: "integer",
      description: "Further attempts after a server does not answer, or answers that it is busy.",
      minimum: 0,
      maximum: 20,
      default: 3,
      examples: [5],
    },
    allowed_direct_url_schemes: {
      type: "array",
      description:
        "Schemes of locations whose content is read without the service, as far as the service tells where it stores an image. Only with direct_url_directories.",
      items: { type: "string", description: "A scheme.", enum: ["file"], examples: ["file"] },
      maxItems: 1,
      examples: [["file"]],
    },
    direct_url_directories: {
      type: "array",
      description:
        "Directories of the host that files of such locations may be in, after all links were followed. A file elsewhere is downloaded from the service instead.",
      items: {
        type: "string",
        description: "An absolute path on the host.",
        pattern: "^/.*[^/]$",
        expects: "an absolute path",
        examples: ["/var/lib/glance/images"],
      },
      minItems: 1,
      maxItems: 64,
      examples: [["/var/lib/glance/images"]],
    },
    enable_rbd_download: {
      type: "boolean",
      description:
        "Reads an image that the service keeps in Ceph from its snapshot there, with host.rbd.conf and host.rbd.user, and downloads it from the service where that fails.",
      default: false,
      examples: [true],
    },
    verify_glance_signatures: {
      type: "boolean",
      description:
        "Rejects images of the service without a signature. A signature that an image has is always checked where trusted_certificates are given.",
      default: false,
      examples: [true],
    },
    trusted_certificates: {
      type: "array",
      description:
        "Certificates, as PEM files on the machine that virtform runs on: an image with img_signature properties must be signed with the key of one of them. A certificate has to be valid at the time, and made for signatures if it says what it is for.",
      items: {
        type: "string",
        description: "A PEM file, relative to this file.",
        path: "absolute",
        minLength: 1,
        examples: ["./signer.pem"],
      },
      minItems: 1,
      maxItems: 50,
      examples: [["./signer.pem"]],
    },
    key_manager: {
      type: "string",
      description:
        "Where the certificate is that an image names in img_signature_certificate_uuid. It has to lead to one of trusted_certificates or default_trusted_certificate_ids. Without this key, images must be signed with the key of a trusted certificate itself.",
      enum: ["barbican"],
      meanings: { barbican: "OpenStack's key manager, at the address in the catalogue of Keystone." },
      examples: ["barbican"],
    },
    default_trusted_certificate_ids: {
      type: "array",
      description: "Ids of trusted certificates in the key manager, beside those of trusted_certificates.",
      items: {
        type: "string",
        description: "The id of a certificate.",
        pattern: "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
        expects: "a UUID",
        examples: ["9b1d7a0c-7c39-4a7d-9a2b-0d4f7a6c7e11"],
      },
      minItems: 1,
      maxItems: 50,
      examples: [["9b1d7a0c-7c39-4a7d-9a2b-0d4f7a6c7e11"]],
    },
    policy_file: {
      type: "string",
      description:
        "A copy of the policy file of the service (policy.yaml), relative to this file. Plans check the requests of an apply by its rules, and by those of Glance where it has none.",
      path: "absolute",
      minLength: 1,
      examples: ["./glance-policy.yaml"],
    },
    property_protection_file: {
      type: "string",
      description:
        "A copy of the property protections of the service, relative to this file. Plans check the properties of published images by it.",
      path: "absolute",
      minLength: 1,
      examples: ["./property-protections.conf"],
    },
    property_protection_rule_format: {
      type: "string",
      description: "What the values in property_protection_file are.",
      enum: ["roles", "policies"],
      meanings: { roles: "Names of roles.", policies: "The name of a rule of policy_file." },
      default: "roles",
      examples: ["policies"],
    },
  },
  together: [
    {
      key: "allowed_direct_url_schemes",
      needs: ["direct_url_directories"],
      excludes: [],
      why: "Files are read only below these directories.",
    },
    {
      key: "direct_url_directories",
      needs: ["allowed_direct_url_schemes"],
      excludes: [],
      why: "No location is read without an allowed scheme.",
    },
    {
      key: "property_protection_rule_format",
      needs: ["property_protection_file"],
      excludes: [],
      why: "It says how that file is read.",
    },
    {
      key: "default_trusted_certificate_ids",
      needs: ["key_manager"],
      excludes: [],
      why: "The ids are those of certificates in the key manager.",
    },
  ],
  examples: [{ cloud: "ops" }],
} as const;
