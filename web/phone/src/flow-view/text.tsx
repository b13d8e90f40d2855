// Text components of flows: headings, paragraphs, and RichText.
import { Fragment } from 'preact';
import { flagOf, wordsOf } from '../flow/binding.js';
import { type MarkdownBlock, parseMarkdown, type Span } from '../flow/markdown.js';
import { pictureUrl } from '../flow/pictures.js';
import type { Part } from './part.js';

/** TextHeading, TextSubheading, TextBody and TextCaption. */
export function TextPart({ component, scope }: Part) {
  const text = wordsOf(component, 'text', scope);
  if (component.type === 'TextHeading') return <h3 class="flow-heading">{text}</h3>;
  if (component.type === 'TextSubheading') return <h4 class="flow-subheading">{text}</h4>;
  const weight = wordsOf(component, 'font-weight', scope);
  const style = [
    weight.includes('bold') ? 'flow-bold' : '',
    weight.includes('italic') ? 'flow-italic' : '',
    flagOf(component, 'strikethrough', scope) ? 'flow-strike' : '',
  ].join(' ');
  const name = component.type === 'TextCaption' ? 'flow-caption' : 'flow-body';
  const isMarkdown = flagOf(component, 'markdown', scope);
  return <div class={`${name} ${style}`}>{isMarkdown ? <Markdown text={text} /> : text}</div>;
}

/** RichText. */
export function RichText({ component, scope }: Part) {
  return (
    <div class="flow-rich">
      <Markdown text={wordsOf(component, 'text', scope)} />
    </div>
  );
}

function Markdown({ text }: { text: string }) {
  return (
    <>
      {parseMarkdown(text).map((block, index) => (
        <Fragment key={index}>{drawn(block)}</Fragment>
      ))}
    </>
  );
}

function drawn(block: MarkdownBlock) {
  switch (block.kind) {
    case 'heading':
      return block.level === 1 ? (
        <h3 class="flow-heading">{spans(block.spans)}</h3>
      ) : (
        <h4 class="flow-subheading">{spans(block.spans)}</h4>
      );
    case 'bullets':
      return <ul class="flow-list">{block.items.map(item)}</ul>;
    case 'numbers':
      return <ol class="flow-list">{block.items.map(item)}</ol>;
    case 'table':
      return <Table block={block} />;
    case 'image':
      return <img class="flow-image" src={pictureUrl(block.source)} alt={block.alt} />;
    default:
      return <p>{spans(block.spans)}</p>;
  }
}

function item(content: readonly Span[], index: number) {
  return <li key={index}>{spans(content)}</li>;
}

function Table({ block: { head, rows } }: { block: Extract<MarkdownBlock, { kind: 'table' }> }) {
  return (
    <table class="flow-table">
      <thead>
        <tr>
          {head.map((cell, index) => (
            <th key={index}>{spans(cell)}</th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row, index) => (
          <tr key={index}>
            {row.map((cell, column) => (
              <td key={column}>{spans(cell)}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function spans(list: readonly Span[]) {
  return list.map((span, index) => <Fragment key={index}>{piece(span)}</Fragment>);
}

function piece(span: Span) {
  switch (span.kind) {
    case 'text':
      return span.text;
    case 'link':
      return (
        <a href={span.href} target="_blank" rel="noopener noreferrer">
          {span.text}
        </a>
      );
    case 'bold':
      return <strong>{spans(span.spans)}</strong>;
    case 'italic':
      return <em>{spans(span.spans)}</em>;
    default:
      return <s>{spans(span.spans)}</s>;
  }
}
