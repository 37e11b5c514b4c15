/** Writes the schemas that are published: of configurations, for editors, and of the plan document, for its readers. */
import { writeFileSync } from "node:fs";
import { schemaText } from "../../src/kinds/config-schema.ts";
import { planDocumentSchema } from "../../src/report/plan-document-schema.ts";

const schemas = new URL("../../schemas/", import.meta.url);
writeFileSync(new URL("config.schema.json", schemas), schemaText());
writeFileSync(new URL("plan.schema.json", schemas), `${JSON.stringify(planDocumentSchema, null, 2)}\n`);
