/** The picture and the model that the Explain page shows, and all that is computed of them. */
import type { CheckpointFile, LoadedModel } from './checkpoint.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import type {
  Explanation,
  ExplanationMap,
  ExplainRequest,
  LayerRequest,
  MapName,
  ModelDescription,
  PictureDescription,
  Stage,
} from '../protocol.ts';
import type { HeadLogits } from '../../src/model/head.ts';
import type { Picture } from './picture.ts';
import type { Progress } from './scope.ts';
import type { ScoreMap } from '../../src/eval/score_map.ts';
import type { Tape } from '../../src/runtime/tape.ts';
import { composed, mapLayer } from './layer.ts';
import { counterfactualMap, explainCalm, explainCam } from '../../src/attribution/maps.ts';
import { encodeTensor, serializeSafetensors } from '../../src/model/safetensors.ts';
import { imageData } from './picture.ts';
import { IMAGENET_NORMALIZATION, uploadBatch } from '../../src/train/batch.ts';
import { InputError } from './failure.ts';
import { loadModel } from './checkpoint.ts';
import { resizeBilinear } from '../../src/data/resize.ts';
import { startTape } from '../../src/kernels/tape.ts';
import { subtractScoreMaps } from '../../src/eval/score_map.ts';
import { chosenClasses } from './class_choice.ts';

/** The network's answer to the open picture, kept on the GPU so that another class costs no other forward pass. */
interface Answer {
  readonly engine: Engine;
  /** Owns the logits. */
  readonly tape: Tape;
  readonly logits: HeadLogits;
  readonly probabilities: Float32Array;
  readonly stages: readonly Stage[];
}

/** Which file a model was loaded from, with the engine that it lives on. */
interface Loaded extends LoadedModel {
  readonly engine: Engine;
}

/** Everything is made again from file and picture when the engine is another one: its device may have been lost. */
export class Explainer {
  #checkpoint: CheckpointFile | null = null;
  #picture: Picture | null = null;
  #opening: readonly Stage[] = [];
  #loaded: Loaded | null = null;
  #answer: Answer | null = null;
  #maps: readonly ExplanationMap[] = [];

  /** Loads another model. The one before stays when that fails. */
  async openModel(engine: Engine, checkpoint: CheckpointFile, progress: Progress): Promise<ModelDescription> {
    progress(`Reading ${checkpoint.name}`);
    const loaded = { ...(await loadModel(engine, checkpoint)), engine };
    this.#forgetModel();
    this.#checkpoint = checkpoint;
    this.#loaded = loaded;
    return loaded.description;
  }

  /** Takes another picture. */
  async setPicture(picture: Picture, milliseconds: number): Promise<PictureDescription> {
    this.#forgetAnswer();
    this.#picture = picture;
    this.#opening = [{ name: 'Decoding', milliseconds }];
    const { name, width, height, note, image } = picture;
    return { name, width, height, note, shown: await createImageBitmap(imageData(image)) };
  }

  /** The maps of a class of the open picture. */
  async explain(engine: Engine, request: ExplainRequest, progress: Progress): Promise<Explanation> {
    const { model, description } = await this.#modelOn(engine, progress);
    const answer = await this.#answerOn(engine, progress);
    const { probabilities } = answer;
    const chosen = chosenClasses(probabilities, description.classNames, request);
    const begin = performance.now();
    const asked = [chosen.classIndex, ...(chosen.versus === null ? [] : [chosen.versus])];
    const tape = startTape(engine, { gradients: false });
    try {
      if (description.head === 'cam') {
        const [explained] = await explainCam(tape, answer.logits, { classes: { all: asked } });
        this.#maps = camMaps(explained?.classes ?? []);
      } else {
        const [explained] = await explainCalm(
          tape,
          answer.logits,
          { classes: { all: asked }, subset: chosen.subset },
          model.posteriorOptions,
        );
        if (explained === undefined) throw new Error('explain: no image came back');
        const [first, second] = explained.classes;
        if (first === undefined) throw new Error('explain: no class came back');
        const maps: (readonly [MapName, ScoreMap | undefined])[] = [
          ['joint', first.joint],
          ['conditional', first.conditional],
          ['posterior', first.posterior],
          ['saliency', explained.saliency],
          ['subset', explained.subset?.joint],
          ['counterfactual', second === undefined ? undefined : counterfactualMap(first, second)],
        ];
        this.#maps = maps.flatMap(([name, map]) => (map === undefined ? [] : [{ name, map }]));
      }
    } finally {
      tape.end();
    }
    const mapStage = { name: 'Maps of the class', milliseconds: performance.now() - begin };
    return {
      probabilities,
      ...chosen,
      maps: this.#maps,
      stages: [...this.#opening, ...answer.stages, mapStage],
    };
  }

  async layer(request: LayerRequest): Promise<ImageBitmap> {
    return createImageBitmap(mapLayer(this.#mapOf(request.name), request));
  }

  /** The picture under a map, as PNG. */
  async savePicture(name: MapName, threshold: number, opacity: number): Promise<Blob> {
    const { image } = this.#openPicture();
    const { width, height } = image;
    const layer = mapLayer(this.#mapOf(name), { name, width, height, threshold });
    return (await composed(imageData(image), layer, opacity)).convertToBlob({ type: 'image/png' });
  }

  /** The raw maps as `calm explain` writes them: safetensors, F32 [height, width] each. */
  saveMaps(): Blob {
    const { name } = this.#openPicture();
    const tensors = this.#maps.map(
      ({ name, map }) => [name, encodeTensor(map.data, [map.height, map.width])] as const,
    );
    return new Blob([serializeSafetensors(tensors, [['image', name]])]);
  }

  #mapOf(wanted: MapName): ScoreMap {
    const found = this.#maps.find(({ name }) => name === wanted);
    if (found === undefined) throw new InputError(`There is no ${wanted} map of this picture yet.`);
    return found.map;
  }

  #openPicture(): Picture {
    if (this.#picture === null) throw new InputError('Open a picture first.');
    return this.#picture;
  }

  async #modelOn(engine: Engine, progress: Progress): Promise<LoadedModel> {
    if (this.#loaded?.engine === engine) return this.#loaded;
    if (this.#checkpoint === null) throw new InputError('Open a model first.');
    await this.openModel(engine, this.#checkpoint, progress);
    if (this.#loaded === null) throw new InputError('Open a model first.');
    return this.#loaded;
  }

  async #answerOn(engine: Engine, progress: Progress): Promise<Answer> {
    if (this.#answer?.engine === engine) return this.#answer;
    const { image } = this.#openPicture();
    const { model, description } = await this.#modelOn(engine, progress);
    const { side } = description;
    progress(`Running ${description.architecture}`);
    const begin = performance.now();
    const square = resizeBilinear(image, side, side).data;
    const scaled = performance.now();
    const batch = {
      ...{ images: square, height: side, width: side, crop: side },
      ...{ labels: new Uint32Array(1), crops: new Int32Array(2), flips: new Uint8Array(1) },
    };
    const tape = startTape(engine, { gradients: false });
    try {
      const { images } = uploadBatch(tape, batch, IMAGENET_NORMALIZATION);
      const logits = model.forward(tape, images);
      const probabilities = await this.#probabilities(tape, logits, model);
      const stages = [
        { name: `Scaling to ${side} × ${side}`, milliseconds: scaled - begin },
        { name: 'Network', milliseconds: performance.now() - scaled },
      ];
      this.#forgetAnswer();
      this.#answer = { engine, tape, logits, probabilities, stages };
      return this.#answer;
    } catch (error) {
      tape.end();
      throw error;
    }
  }

  async #probabilities(tape: Tape, logits: HeadLogits, model: LoadedModel['model']): Promise<Float32Array> {
    const none = { classes: { all: [] } };
    const explained =
      model.configuration.head.kind === 'cam'
        ? await explainCam(tape, logits, none)
        : await explainCalm(tape, logits, none, model.posteriorOptions);
    const probabilities = explained[0]?.probabilities;
    if (probabilities === undefined) throw new Error('explain: no probabilities came back');
    return probabilities;
  }

  #forgetAnswer(): void {
    this.#answer?.tape.end();
    this.#answer = null;
    this.#maps = [];
  }

  #forgetModel(): void {
    this.#forgetAnswer();
    this.#loaded?.model.dispose();
    this.#loaded = null;
  }
}

function camMaps([first, second]: readonly ScoreMap[]): ExplanationMap[] {
  if (first === undefined) return [];
  const cam = { name: 'cam' as const, map: first };
  return second === undefined
    ? [cam]
    : [cam, { name: 'counterfactual', map: subtractScoreMaps(first, second) }];
}
