// The Markdown of RichText, and of text components that say so (Flow JSON reference, RichText).

/** A piece of a line. */
export type Span =
  | { kind: 'text'; text: string }
  | { kind: 'link'; text: string; href: string }
  | { kind: 'bold' | 'italic' | 'strike'; spans: Span[] };

/** A block. */
export type MarkdownBlock =
  | { kind: 'heading'; level: 1 | 2; spans: Span[] }
  | { kind: 'paragraph'; spans: Span[] }
  | { kind: 'bullets' | 'numbers'; items: Span[][] }
  | { kind: 'table'; head: Span[][]; rows: Span[][][] }
  | { kind: 'image'; alt: string; source: string };

const INLINE = /\*\*(.+?)\*\*|~~(.+?)~~|\*(.+?)\*|_(.+?)_|\[([^\]]*)\]\(([^)\s]+)\)/;
const DEPTH_MAX = 5;

/** The blocks of a text. */
export function parseMarkdown(text: string): MarkdownBlock[] {
  const blocks: MarkdownBlock[] = [];
  for (const line of text.split('\n')) addLine(blocks, line.trim());
  return blocks;
}

function addLine(blocks: MarkdownBlock[], line: string): void {
  const last = blocks.at(-1);
  const [, marks, heading] = /^(#{1,2})\s+(.*)$/.exec(line) ?? [];
  const [, bullet] = /^[-*+]\s+(.*)$/.exec(line) ?? [];
  const [, number] = /^\d{1,3}\.\s+(.*)$/.exec(line) ?? [];
  const [, alt, source] = /^!\[([^\]]*)\]\(([^)\s]+)\)$/.exec(line) ?? [];
  if (line === '') return;
  if (heading !== undefined) blocks.push({ kind: 'heading', level: marks === '#' ? 1 : 2, spans: spansOf(heading) });
  else if (bullet !== undefined) addItem(blocks, 'bullets', bullet);
  else if (number !== undefined) addItem(blocks, 'numbers', number);
  else if (source !== undefined) blocks.push({ kind: 'image', alt: alt ?? '', source });
  else if (/^\|.*\|$/.test(line)) addRow(blocks, last, line);
  else blocks.push({ kind: 'paragraph', spans: spansOf(line) });
}

function addItem(blocks: MarkdownBlock[], kind: 'bullets' | 'numbers', text: string): void {
  const last = blocks.at(-1);
  if (last?.kind === kind) last.items.push(spansOf(text));
  else blocks.push({ kind, items: [spansOf(text)] });
}

function addRow(blocks: MarkdownBlock[], last: MarkdownBlock | undefined, line: string): void {
  const cells = line
    .slice(1, -1)
    .split('|')
    .map((cell) => cell.trim());
  if (last?.kind !== 'table') blocks.push({ kind: 'table', head: cells.map((cell) => spansOf(cell)), rows: [] });
  else if (!cells.every((cell) => /^:?-+:?$/.test(cell))) last.rows.push(cells.map((cell) => spansOf(cell)));
}

/** The pieces of a line; marks that do not close are text. */
function spansOf(text: string, depth = 0): Span[] {
  const spans: Span[] = [];
  let rest = text;
  for (;;) {
    const found = depth < DEPTH_MAX ? INLINE.exec(rest) : null;
    if (found === null) break;
    if (found.index > 0) spans.push({ kind: 'text', text: rest.slice(0, found.index) });
    spans.push(spanOf(found, depth));
    rest = rest.slice(found.index + found[0].length);
  }
  return rest === '' ? spans : [...spans, { kind: 'text', text: rest }];
}

function spanOf([whole, bold, strike, star, underscore, label, href]: RegExpExecArray, depth: number): Span {
  const inner = bold ?? strike ?? star ?? underscore;
  if (inner !== undefined) {
    const kind = bold !== undefined ? 'bold' : strike !== undefined ? 'strike' : 'italic';
    return { kind, spans: spansOf(inner, depth + 1) };
  }
  const isLink = href !== undefined && /^https?:\/\//i.test(href);
  return isLink ? { kind: 'link', text: label || href, href } : { kind: 'text', text: whole };
}
