/** The names that a configuration declares or uses, for editors. */
export interface SchemaNames {
  /** Names of entries by section: `images`, `flavors`, `key_pairs`, `volumes`. */
  readonly sections: Readonly<Record<string, readonly string[]>>;
  /** Networks, declared ones and those of the host. */
  readonly networks: readonly string[];
  readonly variables: readonly string[];
}

const sections = ["images", "flavors", "key_pairs", "volumes"] as const;

/** The names that a configuration declares, and the networks that it uses. It may have mistakes or be unfinished. Pure. */
export function declaredNames(config: unknown): Pick<SchemaNames, "sections" | "networks"> {
  const written = mapping(config);
  const interfaces = Object.values(mapping(written["instances"])).flatMap((instance) => {
    const { networks } = mapping(instance);
    return Array.isArray(networks) ? networks : [];
  });
  const used = interfaces.map((one) => mapping(one)["network"]).filter((name) => typeof name === "string");
  return {
    sections: Object.fromEntries(sections.map((section) => [section, Object.keys(mapping(written[section]))])),
    networks: [...new Set([...Object.keys(mapping(written["networks"])), ...used])],
  };
}

function mapping(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}
