import { kindOf } from "../../model/address.ts";
import { existence } from "../../model/fact.ts";
import type { PublishedState } from "./spec.ts";

/** Images in Glance, by the name that they have in the configuration. */
export const published = kindOf<PublishedState>("published");

/** The image is in Glance, with its content. */
export const isPublished = existence(published);
