// Files that are dragged over a chat and dropped there.
import { useEffect, useRef } from 'preact/hooks';

/** Hands over files that are dropped anywhere on the screen that `inside` stands in; `over` hears whether some are above it. */
export function useDrop(
  inside: { current: HTMLElement | null },
  over: (is: boolean) => void,
  drop: (files: File[]) => void,
): void {
  const told = useRef({ over, drop });
  told.current = { over, drop };
  useEffect(() => {
    const screen = inside.current?.closest<HTMLElement>('.screen');
    if (screen === null || screen === undefined) return;
    const allow = (event: DragEvent) => {
      if (event.dataTransfer?.types.includes('Files') !== true) return;
      event.preventDefault();
      told.current.over(true);
    };
    const leave = (event: DragEvent) => {
      if (!(event.relatedTarget instanceof Node) || !screen.contains(event.relatedTarget)) told.current.over(false);
    };
    const take = (event: DragEvent) => {
      event.preventDefault();
      told.current.over(false);
      const files = [...(event.dataTransfer?.files ?? [])];
      if (files.length > 0) told.current.drop(files);
    };
    screen.addEventListener('dragover', allow);
    screen.addEventListener('dragleave', leave);
    screen.addEventListener('drop', take);
    return () => {
      screen.removeEventListener('dragover', allow);
      screen.removeEventListener('dragleave', leave);
      screen.removeEventListener('drop', take);
    };
  }, [inside]);
}
