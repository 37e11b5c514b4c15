import type { FieldValue } from "../../terms/domain-state.ts";
import type { Draft } from "../draft.ts";

/** Sets an attribute; returns the element. */
export function set(element: Draft, attribute: string, value: FieldValue): Draft {
  element.attributes[attribute] = String(value);
  return element;
}

/** Sets the text of an element; returns the element. */
export function setText(element: Draft, value: FieldValue): Draft {
  element.text = String(value);
  return element;
}
