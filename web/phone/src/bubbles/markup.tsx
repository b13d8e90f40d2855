// A text with its formatting.
import { Fragment } from 'preact';
import { type Block, type Inline, parseMarkup } from '../pure/markup.js';

/** The text as WhatsApp would format it. */
export function Markup({ text }: { text: string }) {
  return (
    <div class="markup">
      {parseMarkup(text).map((block, index) => (
        <MarkupBlock key={index} block={block} />
      ))}
    </div>
  );
}

function MarkupBlock({ block }: { block: Block }) {
  switch (block.kind) {
    case 'pre':
      return <pre>{block.text}</pre>;
    case 'quote':
      return (
        <blockquote>
          <Pieces parts={block.parts} />
        </blockquote>
      );
    case 'bullets':
      return <ul>{block.items.map(item)}</ul>;
    case 'numbers':
      return <ol start={block.start}>{block.items.map(item)}</ol>;
    default:
      return (
        <p>
          <Pieces parts={block.parts} />
        </p>
      );
  }
}

function item(parts: Inline[], index: number) {
  return (
    <li key={index}>
      <Pieces parts={parts} />
    </li>
  );
}

function Pieces({ parts }: { parts: readonly Inline[] }) {
  return (
    <>
      {parts.map((part, index) => (
        <Fragment key={index}>{piece(part)}</Fragment>
      ))}
    </>
  );
}

function piece(part: Inline) {
  switch (part.kind) {
    case 'text':
      return part.text;
    case 'code':
    case 'mono':
      return <code>{part.text}</code>;
    case 'link':
      return (
        <a href={part.href} target="_blank" rel="noopener noreferrer">
          {part.text}
        </a>
      );
    case 'bold':
      return (
        <strong>
          <Pieces parts={part.parts} />
        </strong>
      );
    case 'italic':
      return (
        <em>
          <Pieces parts={part.parts} />
        </em>
      );
    default:
      return (
        <s>
          <Pieces parts={part.parts} />
        </s>
      );
  }
}
