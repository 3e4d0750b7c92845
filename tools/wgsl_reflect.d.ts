// The package's main entry is CommonJS inside "type": "module" and cannot be imported; its module build has no types beside it.
declare module 'wgsl_reflect/wgsl_reflect.module.js' {
  export { WgslReflect, detectRaces } from 'wgsl_reflect';
}
