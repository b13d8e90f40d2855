// A list of any length of which only what is in view is drawn. It stays at its end while it is there, and where the reader is otherwise.
import type { ComponentChildren } from 'preact';
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { offsetsOf, rangeOf, rowAt } from '../pure/window.js';

const SPARE_PX = 600;
const END_PX = 60;
const TOP_PX = 800;

/** A row that can be told from the others. */
interface Keyed {
  key: string;
}

interface Props<R extends Keyed> {
  label: string;
  rows: readonly R[];
  guess(row: R): number;
  /** Whether a row stays the same row when others come before it: only such a row can hold the place. */
  isSteady(row: R): boolean;
  draw(row: R, index: number): ComponentChildren;
  /** Called when the first rows come near. */
  nearTop(): void;
  /** Called when the end is reached or left. */
  atEnd(is: boolean): void;
  /** A change of this scrolls to the end. */
  jump: number;
}

interface Place {
  /** The row at the top of the view, and how much of it is above. */
  key: string;
  within: number;
  isAtEnd: boolean;
}

/** The list. Rows are articles of a feed. */
export function VirtualList<R extends Keyed>({ label, rows, guess, isSteady, draw, nearTop, atEnd, jump }: Props<R>) {
  const scroller = useRef<HTMLDivElement>(null);
  const heights = useRef(new Map<string, number>());
  const place = useRef<Place>({ key: '', within: 0, isAtEnd: true });
  const [version, setVersion] = useState(0);
  const [view, setView] = useState({ top: Number.MAX_SAFE_INTEGER / 2, height: 800 });
  const observe = useMeasure(heights.current, () => setVersion((count) => count + 1));
  const offsets = useMemo(
    () => offsetsOf(rows.map((row) => heights.current.get(row.key) ?? guess(row))),
    [rows, version, guess],
  );
  const total = offsets[rows.length] ?? 0;
  const top = Math.max(0, Math.min(view.top, total - view.height));
  const range = rangeOf(offsets, { top, height: view.height, spare: SPARE_PX });

  const look = useCallback(() => {
    const box = scroller.current;
    if (box === null) return;
    const first = rowAt(offsets, box.scrollTop);
    const index = Math.max(
      first,
      rows.findIndex((row, at) => at >= first && isSteady(row)),
    );
    const isAtEnd = box.scrollHeight - box.scrollTop - box.clientHeight < END_PX;
    if (isAtEnd !== place.current.isAtEnd) atEnd(isAtEnd);
    place.current = { key: rows[index]?.key ?? '', within: box.scrollTop - (offsets[index] ?? 0), isAtEnd };
    setView({ top: box.scrollTop, height: box.clientHeight });
    if (box.scrollTop < TOP_PX) nearTop();
  }, [offsets, rows, isSteady, nearTop, atEnd]);

  useLayoutEffect(() => {
    const box = scroller.current;
    if (box === null) return;
    const { key, within, isAtEnd } = place.current;
    const index = isAtEnd ? -1 : rows.findIndex((row) => row.key === key);
    const wanted = index < 0 ? total : (offsets[index] ?? 0) + within;
    if (isAtEnd || index >= 0) box.scrollTop = wanted;
    if (box.scrollTop < TOP_PX) nearTop();
  }, [offsets, rows, total, nearTop]);

  useLayoutEffect(() => {
    const box = scroller.current;
    if (box === null || jump === 0) return;
    place.current = { ...place.current, isAtEnd: true };
    box.scrollTop = box.scrollHeight;
  }, [jump]);

  useEffect(() => {
    const box = scroller.current;
    if (box === null) return;
    const observer = new ResizeObserver(() => {
      if (place.current.isAtEnd) box.scrollTop = box.scrollHeight;
      setView({ top: box.scrollTop, height: box.clientHeight });
    });
    observer.observe(box);
    return () => observer.disconnect();
  }, []);

  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard.
    <div class="scroller" ref={scroller} onScroll={look} role="feed" aria-label={label} tabIndex={0}>
      <div class="scroller-all" style={`height:${total}px`}>
        <div style={`transform:translateY(${offsets[range.start] ?? 0}px)`}>
          {rows.slice(range.start, range.end).map((row, index) => (
            <article
              key={row.key}
              class="row"
              aria-posinset={range.start + index + 1}
              aria-setsize={rows.length}
              data-key={row.key}
              ref={observe}
            >
              {draw(row, range.start + index)}
            </article>
          ))}
        </div>
      </div>
    </div>
  );
}

/** A ref for rows: their heights go into `heights`, and `changed` is called after those of one turn. */
function useMeasure(heights: Map<string, number>, changed: () => void): (element: HTMLElement | null) => void {
  const told = useRef(changed);
  told.current = changed;
  const observer = useMemo(
    () =>
      new ResizeObserver((entries) => {
        let isOther = false;
        for (const { target } of entries) {
          const key = target.getAttribute('data-key') ?? '';
          const height = target.getBoundingClientRect().height;
          if (!target.isConnected || height === 0 || heights.get(key) === height) continue;
          heights.set(key, height);
          isOther = true;
        }
        if (isOther) told.current();
      }),
    [heights],
  );
  useEffect(() => () => observer.disconnect(), [observer]);
  return useCallback(
    (element: HTMLElement | null) => {
      if (element !== null) observer.observe(element);
    },
    [observer],
  );
}
