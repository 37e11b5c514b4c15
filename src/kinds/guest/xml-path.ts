import type { XmlElement } from "../../tools/xml.ts";
import type { Draft } from "./draft.ts";

/**
 * Places in domain XML, in the notation of the table of fields and of `domain_xml`:
 *
 *   cputune/shares                         an element with everything in it
 *   cpu@mode                               an attribute
 *   memory#                                the text of an element
 *   @type                                  an attribute of the element that the path starts from
 *   devices/input[@type=mouse][@bus=ps2]   only elements with these values
 *   devices/channel[target@name=org.x.0]   the same for a value of a child
 *   devices/video[1]                       only the first of these elements
 */
export interface XmlPath {
  readonly steps: readonly XmlStep[];
  /** The attribute that is meant; null: the text or the whole element. */
  readonly attribute: string | null;
  readonly text: boolean;
}

/** One element of a path. `*` stands for any name. */
export interface XmlStep {
  readonly name: string;
  readonly tests: readonly XmlTest[];
  /** Only the first that matches. */
  readonly first: boolean;
}

interface XmlTest {
  readonly child: string | null;
  readonly attribute: string;
  readonly value: string;
}

const stepPattern = /([^/@#[\]\s]+)((?:\[[^\]]*\])*)(\/|(?=[@#])|$)/y;
const testPattern = /\[(?:([^\]@=]+))?@([^\]=]+)=([^\]]*)\]/y;

/** Reads a path; undefined when it is not one. */
export function parseXmlPath(text: string): XmlPath | undefined {
  const steps: XmlStep[] = [];
  let offset = 0;
  while (offset < text.length && text[offset] !== "@" && text[offset] !== "#") {
    stepPattern.lastIndex = offset;
    const match = stepPattern.exec(text);
    if (match === null) return undefined;
    const first = match[2]?.endsWith("[1]") === true;
    const tests = parseTests(match[2]?.slice(0, first ? -3 : undefined) ?? "");
    if (tests === undefined) return undefined;
    steps.push({ name: match[1] ?? "", tests, first });
    offset = stepPattern.lastIndex;
    if (match[3] === "/" && offset === text.length) return undefined;
  }
  const end = text.slice(offset);
  if (end === "") return steps.length === 0 ? undefined : { steps, attribute: null, text: false };
  if (end === "#") return { steps, attribute: null, text: true };
  return /^@[^/@#[\]\s]+$/.test(end) ? { steps, attribute: end.slice(1), text: false } : undefined;
}

function parseTests(text: string): XmlTest[] | undefined {
  const tests: XmlTest[] = [];
  for (let offset = 0; offset < text.length; offset = testPattern.lastIndex) {
    testPattern.lastIndex = offset;
    const match = testPattern.exec(text);
    if (match === null) return undefined;
    tests.push({ child: match[1] ?? null, attribute: match[2] ?? "", value: match[3] ?? "" });
  }
  return tests;
}

/** The children of an element that a step means. */
export function childrenAt<Element extends XmlElement>(element: Element, step: XmlStep): Element[] {
  const children = (element.children as readonly Element[]).filter((child) => stepMatches(child, step));
  return step.first ? children.slice(0, 1) : children;
}

/** Whether a child of an element is one that a step means. */
export function isAt(parent: XmlElement, child: XmlElement, step: XmlStep): boolean {
  return stepMatches(child, step) && (!step.first || firstAt(parent, step) === child);
}

function firstAt({ children }: XmlElement, step: XmlStep): XmlElement | undefined {
  return children.find((one) => stepMatches(one, step));
}

// A function that another one in it refers to makes an object at each call: these run for the elements of every guest.

function stepMatches(element: XmlElement, { name, tests }: XmlStep): boolean {
  if (name !== "*" && element.name !== name) return false;
  for (let index = 0; index < tests.length; index += 1) if (!passes(element, tests[index] as XmlTest)) return false;
  return true;
}

function passes({ attributes, children }: XmlElement, { child, attribute, value }: XmlTest): boolean {
  if (child === null) return attributes[attribute] === value;
  for (let index = 0; index < children.length; index += 1) {
    const one = children[index] as XmlElement;
    if (one.name === child && one.attributes[attribute] === value) return true;
  }
  return false;
}

/** Every element that the steps of a path lead to. */
export function elementsAt<Element extends XmlElement>(root: Element, steps: readonly XmlStep[]): Element[] {
  let found: Element[] = [root];
  for (const step of steps) {
    found = found.flatMap((element) => childrenAt(element, step));
  }
  return found;
}

/** Removes what paths mean, and the elements around it that it leaves empty. All paths are looked up before anything is removed. */
export function removeAt(root: Draft, paths: readonly XmlPath[]): void {
  const targets = paths.flatMap((path) => chainsAt(root, path.steps).map((chain) => ({ path, chain })));
  for (const { path, chain } of targets) {
    const element = chain.at(-1) ?? root;
    if (path.attribute !== null) {
      if (!Object.hasOwn(element.attributes, path.attribute)) continue;
      delete element.attributes[path.attribute];
    } else if (path.text) {
      if (element.text === "") continue;
      element.text = "";
    }
    const whole = path.attribute === null && !path.text;
    for (let depth = chain.length - 1; depth > 0; depth -= 1) {
      const child = chain[depth];
      if (child === undefined || !((whole && depth === chain.length - 1) || isEmpty(child))) break;
      const children = chain[depth - 1]?.children ?? [];
      const place = children.indexOf(child);
      if (place >= 0) children.splice(place, 1);
    }
  }
}

/** The elements that the steps lead to, each with those around it, from the root. */
function chainsAt(root: Draft, steps: readonly XmlStep[]): Draft[][] {
  let chains: Draft[][] = [[root]];
  for (const step of steps) chains = chains.flatMap((chain) => childrenAt(chain.at(-1) ?? root, step).map((child) => [...chain, child]));
  return chains;
}

function isEmpty({ attributes, children, text }: Draft): boolean {
  return children.length === 0 && text.trim() === "" && Object.keys(attributes).length === 0;
}
