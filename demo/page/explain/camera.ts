/** A photo from the camera. */
import { byId } from '../dom.ts';
import { clearNotice, notify } from '../notices.ts';

const REASONS: Readonly<Record<string, string>> = {
  NotAllowedError:
    'The browser was not allowed to use the camera. Allow it in the address bar and try again.',
  NotFoundError: 'This device has no camera.',
  NotReadableError: 'Another program is using the camera.',
};

export function startCamera(onPhoto: (photo: Blob) => void): void {
  const dialog = byId('camera-dialog', HTMLDialogElement);
  const video = byId('camera-video', HTMLVideoElement);
  let stream: MediaStream | null = null;

  const stop = (): void => {
    for (const track of stream?.getTracks() ?? []) track.stop();
    stream = null;
    video.srcObject = null;
  };
  dialog.addEventListener('close', stop);
  byId('camera-close', HTMLButtonElement).addEventListener('click', () => dialog.close());

  async function open(): Promise<void> {
    try {
      if (!('mediaDevices' in navigator)) throw new DOMException('no camera here', 'NotFoundError');
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' } });
      clearNotice('picture');
      video.srcObject = stream;
      dialog.showModal();
    } catch (error) {
      stop();
      const name = error instanceof DOMException ? error.name : '';
      notify('picture', REASONS[name] ?? 'The camera cannot be used here.');
    }
  }

  async function take(): Promise<void> {
    const { videoWidth, videoHeight } = video;
    if (videoWidth === 0) return;
    const canvas = new OffscreenCanvas(videoWidth, videoHeight);
    canvas.getContext('2d')?.drawImage(video, 0, 0);
    const photo = await canvas.convertToBlob({ type: 'image/png' });
    dialog.close();
    onPhoto(photo);
  }

  byId('camera', HTMLButtonElement).addEventListener('click', () => void open());
  byId('camera-take', HTMLButtonElement).addEventListener('click', () => void take());
}
