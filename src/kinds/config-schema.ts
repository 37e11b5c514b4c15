import { sourceSchemes } from "../sources/index.ts";
import { withEditorHints } from "./editor-hints.ts";
import { editorSchema } from "./editor-schema.ts";
import { fieldRows, isDevices } from "./guest/fields.ts";
import { schemes } from "./image/schema.ts";
import { sourcePattern } from "./image/source-pattern.ts";
import { kindSections } from "./index.ts";
import { schema } from "./schema.ts";

/** Where the schema of the newest version is, as a catalogue of schemas refers to it. */
export const publishedSchema = "https://raw.githubusercontent.com/virtform/virtform/main/schemas/config.schema.json";

/** The schema as it is published for editors and other tools: of what is written, expressions included. */
export function schemaText(): string {
  // The loader asks for the project itself, to propose one.
  const { $schema, ...written } = editorSchema(withEditorHints({ ...configSchema() }));
  return `${JSON.stringify({ $schema, $id: publishedSchema, ...written, required: ["project"] }, null, 2)}\n`;
}

/** The JSON Schema of a configuration, with the sections, keys and schemes that were registered at run time. */
export function configSchema(): object {
  const sections = kindSections();
  const keys = Object.fromEntries(
    fieldRows().flatMap((row) => (isDevices(row) || row.configured === undefined ? [] : [[row.configured.key, row.configured.schema]])),
  );
  const moreSchemes = sourceSchemes().filter((scheme) => !schemes.some((known) => new RegExp(`^${known}$`).test(scheme)));
  if ([sections, keys, moreSchemes].every((more) => Object.keys(more).length === 0)) return schema;
  const { instances, images } = schema.properties;
  const [instance, image] = [instances.additionalProperties, images.additionalProperties];
  const source = {
    ...image.properties.source,
    pattern: sourcePattern([...schemes, ...moreSchemes]),
    expects: [image.properties.source.expects, ...moreSchemes.map((scheme) => `${scheme}://`)].join(" or "),
  };
  return {
    ...schema,
    properties: {
      ...schema.properties,
      images: { ...images, additionalProperties: { ...image, properties: { ...image.properties, source } } },
      instances: { ...instances, additionalProperties: { ...instance, properties: { ...instance.properties, ...keys } } },
      ...sections,
    },
  };
}
