import { fieldRows, isDevices } from "./guest/fields.ts";
import { kindSections } from "./index.ts";
import { schema } from "./schema.ts";

/** The schema as it is published for editors and other tools. */
export function schemaText(): string {
  return `${JSON.stringify(configSchema(), null, 2)}\n`;
}

/** The JSON Schema of a configuration, with the sections and keys that were registered at run time. */
export function configSchema(): object {
  const sections = kindSections();
  const keys = Object.fromEntries(
    fieldRows().flatMap((row) => (isDevices(row) || row.configured === undefined ? [] : [[row.configured.key, row.configured.schema]])),
  );
  if (Object.keys(sections).length === 0 && Object.keys(keys).length === 0) return schema;
  const { instances } = schema.properties;
  const instance = instances.additionalProperties;
  return {
    ...schema,
    properties: {
      ...schema.properties,
      instances: { ...instances, additionalProperties: { ...instance, properties: { ...instance.properties, ...keys } } },
      ...sections,
    },
  };
}
