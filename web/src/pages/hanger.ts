/**
 * Which images hang on the board: those that the reading speaks of, unless somebody asked for
 * others, and none that the exam does not consist of any more.
 */
import { firstOf, keyOf, shownImages, type ShownImage } from '../model/images';
import type { Reading } from '../model/reading';
import type { ExamDetail } from '../model/types';
import type { Board } from '../viewer/board';
import { forgetImages, loadImage } from '../viewer/pixels';

export interface HangerListener {
  /** Something hangs that did not. */
  hung(): void;
  /** An image did not come: the exam may have changed. */
  failed(): void;
}

export class Hanger {
  private images: ShownImage[] = [];
  private readingId: string | null = null;
  /** By place, the key of what hangs there or is on its way. */
  private readonly wanted = ['', '', '', ''];
  /** By place, whether that could not be loaded. */
  private readonly failed = [false, false, false, false];
  /** By place, the key of what somebody asked for. */
  private readonly chosen = ['', '', '', ''];
  private readonly coming: Promise<void>[] = [];
  private left = false;

  constructor(
    private readonly board: Board,
    private readonly study: string,
    private readonly listener: HangerListener,
  ) {}

  get all(): readonly ShownImage[] {
    return this.images;
  }

  /** Takes down at once what is none of the exam any more; what comes instead comes later. */
  update(detail: ExamDetail, reading: Reading | undefined): void {
    // Another reading may speak of other images than the one somebody chose beside.
    if (detail.reading_id !== this.readingId) this.chosen.fill('');
    this.readingId = detail.reading_id;
    this.images = shownImages(detail, reading);
    for (const { place, title } of this.board.panes) {
      const chosen = this.images.find(
        (each) => each.place === place && keyOf(each.image) === this.chosen[place],
      );
      const best = chosen ?? firstOf(this.images, place);
      if (best) void this.put(best);
      else this.takeDown(place, `No ${title} in this exam`);
    }
    forgetImages(this.study, detail.images);
  }

  /** The exam is gone, and what was shown of it. */
  clear(words: string): void {
    this.images = [];
    this.chosen.fill('');
    for (const { place } of this.board.panes) this.takeDown(place, words);
    forgetImages(this.study, []);
  }

  leave(): void {
    this.left = true;
  }

  withUid(sopInstanceUid: string): ShownImage | undefined {
    return this.images.find((each) => each.image.sop_instance_uid === sopInstanceUid);
  }

  /** Or is on its way. */
  hangs(shown: ShownImage): boolean {
    return this.isWanted(shown) && !this.failed[shown.place];
  }

  hasFailed(shown: ShownImage): boolean {
    return this.isWanted(shown) && this.failed[shown.place]!;
  }

  /** Because somebody asks for it; resolves once it hangs, or cannot. */
  hang(shown: ShownImage): Promise<void> {
    this.chosen[shown.place] = keyOf(shown.image);
    // Only here: each failure is followed by an update, which would try without end.
    if (this.failed[shown.place]) this.wanted[shown.place] = '';
    return this.put(shown);
  }

  private isWanted(shown: ShownImage): boolean {
    return this.wanted[shown.place] === keyOf(shown.image);
  }

  private takeDown(place: number, words: string): void {
    this.wanted[place] = '';
    this.board.panes[place]!.clear(words, 'absent');
  }

  private put(shown: ShownImage): Promise<void> {
    const { place } = shown;
    const pane = this.board.panes[place]!;
    if (!this.isWanted(shown)) {
      this.wanted[place] = keyOf(shown.image);
      this.failed[place] = false;
      this.coming[place] = this.load(shown, pane.clear('Loading…', 'waiting'));
    } else if (pane.loaded) {
      pane.tell(shown);
    }
    return this.coming[place] ?? Promise.resolve();
  }

  private async load(shown: ShownImage, turn: number): Promise<void> {
    const pane = this.board.panes[shown.place]!;
    try {
      const loaded = await loadImage(this.study, shown);
      if (this.left || !pane.isAt(turn)) return;
      await this.board.show(shown.place, loaded, turn);
      if (this.left || !pane.isAt(turn)) return;
      const now = this.images.find((each) => keyOf(each.image) === loaded.key);
      if (now) pane.tell(now);
      this.listener.hung();
    } catch (cause) {
      if (this.left || !pane.isAt(turn)) return;
      this.failed[shown.place] = true;
      pane.clear(cause instanceof Error ? cause.message : String(cause), 'problem');
      this.listener.failed();
    }
  }
}
