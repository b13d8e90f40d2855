// Cards side by side, moved by swiping, by arrow keys, or by the arrows at their edges.
import { type ComponentChildren, toChildArray } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { IconButton } from '../parts/parts.js';
import { texts } from '../texts.js';

const GAP_PX = 8;

/** A strip of cards; each child is what stands on one. */
export function Strip({ children }: { children: ComponentChildren }) {
  const box = useRef<HTMLDivElement>(null);
  const [current, setCurrent] = useState(0);
  const cards = toChildArray(children);
  const go = (index: number) =>
    box.current?.children[index]?.scrollIntoView({ behavior: 'smooth', inline: 'center', block: 'nearest' });
  const look = () => {
    const width = box.current?.firstElementChild?.getBoundingClientRect().width ?? 1;
    if (box.current !== null) setCurrent(Math.round(box.current.scrollLeft / (width + GAP_PX)));
  };
  const arrow = (side: 'back' | 'next', index: number) => (
    <IconButton
      icon="back"
      class={`carousel-${side}`}
      label={texts.bubble.card(index + 1, cards.length)}
      onClick={() => go(index)}
    />
  );
  return (
    <div class="carousel">
      {/* biome-ignore-start lint/a11y: a group that scrolls must be reachable by keyboard, and is no fieldset. */}
      <div class="carousel-strip" ref={box} onScroll={look} tabIndex={0} role="group" aria-label={texts.bubble.cards}>
        {cards.map((card, index) => (
          <div key={index} class="card" role="group" aria-label={texts.bubble.card(index + 1, cards.length)}>
            {card}
          </div>
        ))}
      </div>
      {/* biome-ignore-end lint/a11y: the end of the group. */}
      {current > 0 ? arrow('back', current - 1) : null}
      {current < cards.length - 1 ? arrow('next', current + 1) : null}
    </div>
  );
}
