/**
 * Writes what is made from schemas and definitions: the published schemas (of configurations, for editors, and of the plan document, for
 * its readers), the page about every key, and the manual page.
 */
import { writeFileSync } from "node:fs";
import { schemaText } from "../../src/kinds/config-schema.ts";
import { planDocumentSchema } from "../../src/report/plan-document-schema.ts";
import { configurationPage } from "./configuration-page.ts";
import { manPage } from "./man-page.ts";

const root = new URL("../../", import.meta.url);
writeFileSync(new URL("schemas/config.schema.json", root), schemaText());
writeFileSync(new URL("schemas/plan.schema.json", root), `${JSON.stringify(planDocumentSchema, null, 2)}\n`);
writeFileSync(new URL("docs/configuration.md", root), configurationPage());
writeFileSync(new URL("docs/virtform.1", root), await manPage());
