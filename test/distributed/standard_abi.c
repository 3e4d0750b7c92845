/*
 * A libmpi_abi.so for standard_abi.test.ts: the functions that src/distributed calls, with the handles and constants of the standard ABI of MPI 5.0
 * (chapter 20 and appendix A; https://github.com/mpi-forum/mpi-abi-stubs, mpi.h), on top of MPICH's library, whose handles are ints.
 * Whatever is not a value of the standard is refused, as a library of the standard would.
 */
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Of the standard. Handles are pointers to incomplete structures with fixed values. */
typedef void *Handle;
#define ABI_COMM_WORLD ((Handle)0x101)
#define ABI_BYTE ((Handle)0x247)
#define ABI_REQUEST_NULL ((Handle)0x180)
#define ABI_IN_PLACE ((void *)1)
#define ABI_STATUS_IGNORE ((void *)0)
enum { ABI_THREAD_SINGLE = 0, ABI_THREAD_FUNNELED = 1024, ABI_THREAD_SERIALIZED = 2048, ABI_THREAD_MULTIPLE = 4096 };
enum { ABI_ERR_TYPE = 3, ABI_ERR_COMM = 5, ABI_ERR_ARG = 13 };

/* Of MPICH 4. */
#define COMM_WORLD 0x44000000
#define BYTE 0x4c00010d
#define REQUEST_NULL 0x2c000000
#define IN_PLACE ((void *)-1)
#define STATUS_IGNORE ((void *)1)

static void *function(const char *name) {
  static void *library = NULL;
  if (library == NULL) library = dlopen("libmpich.so.12", RTLD_NOW | RTLD_GLOBAL);
  void *found = library == NULL ? NULL : dlsym(library, name);
  if (found == NULL) {
    fprintf(stderr, "%s: %s\n", name, dlerror());
    exit(1);
  }
  return found;
}

#define CALL(name, types, ...) ((int(*) types)function(name))(__VA_ARGS__)
#define WANT_COMM(comm) \
  if (comm != ABI_COMM_WORLD) return ABI_ERR_COMM
#define WANT_BYTE(type) \
  if (type != ABI_BYTE) return ABI_ERR_TYPE

static const void *place(const void *buffer) { return buffer == ABI_IN_PLACE ? IN_PLACE : buffer; }

/* The standard's requests are as wide as pointers. */
static int keep(Handle *request, int own, int code) {
  *request = own == REQUEST_NULL ? ABI_REQUEST_NULL : (Handle)(intptr_t)own;
  return code;
}

int MPI_Get_library_version(char *text, int *length) {
  return CALL("MPI_Get_library_version", (char *, int *), text, length);
}

int MPI_Init_thread(int *count, char ***values, int wanted, int *provided) {
  const int levels[] = {ABI_THREAD_SINGLE, ABI_THREAD_FUNNELED, ABI_THREAD_SERIALIZED, ABI_THREAD_MULTIPLE};
  int own = 0;
  while (own < 4 && levels[own] != wanted) own++;
  if (own == 4) return ABI_ERR_ARG;
  int code = CALL("MPI_Init_thread", (int *, char ***, int, int *), count, values, own, &own);
  *provided = levels[own];
  return code;
}

int MPI_Comm_rank(Handle comm, int *rank) {
  WANT_COMM(comm);
  return CALL("MPI_Comm_rank", (int, int *), COMM_WORLD, rank);
}

int MPI_Comm_size(Handle comm, int *size) {
  WANT_COMM(comm);
  return CALL("MPI_Comm_size", (int, int *), COMM_WORLD, size);
}

int MPI_Ibarrier(Handle comm, Handle *request) {
  WANT_COMM(comm);
  int own = 0;
  int code = CALL("MPI_Ibarrier", (int, int *), COMM_WORLD, &own);
  return keep(request, own, code);
}

int MPI_Ibcast(void *bytes, int count, Handle type, int root, Handle comm, Handle *request) {
  WANT_BYTE(type);
  WANT_COMM(comm);
  int own = 0;
  int code = CALL("MPI_Ibcast", (void *, int, int, int, int, int *), bytes, count, BYTE, root, COMM_WORLD, &own);
  return keep(request, own, code);
}

int MPI_Iallgather(const void *send, int sends, Handle sendType, void *receive, int receives, Handle type, Handle comm,
                   Handle *request) {
  WANT_BYTE(sendType);
  WANT_BYTE(type);
  WANT_COMM(comm);
  int own = 0;
  int code = CALL("MPI_Iallgather", (const void *, int, int, void *, int, int, int, int *), place(send), sends, BYTE,
                  receive, receives, BYTE, COMM_WORLD, &own);
  return keep(request, own, code);
}

int MPI_Iallgatherv(const void *send, int sends, Handle sendType, void *receive, const int *receives,
                    const int *offsets, Handle type, Handle comm, Handle *request) {
  WANT_BYTE(sendType);
  WANT_BYTE(type);
  WANT_COMM(comm);
  int own = 0;
  int code = CALL("MPI_Iallgatherv", (const void *, int, int, void *, const int *, const int *, int, int, int *),
                  place(send), sends, BYTE, receive, receives, offsets, BYTE, COMM_WORLD, &own);
  return keep(request, own, code);
}

int MPI_Ialltoallv(const void *send, const int *sends, const int *sendOffsets, Handle sendType, void *receive,
                   const int *receives, const int *offsets, Handle type, Handle comm, Handle *request) {
  WANT_BYTE(sendType);
  WANT_BYTE(type);
  WANT_COMM(comm);
  int own = 0;
  int code = CALL("MPI_Ialltoallv",
                  (const void *, const int *, const int *, int, void *, const int *, const int *, int, int, int *),
                  place(send), sends, sendOffsets, BYTE, receive, receives, offsets, BYTE, COMM_WORLD, &own);
  return keep(request, own, code);
}

int MPI_Isend(const void *bytes, int count, Handle type, int to, int tag, Handle comm, Handle *request) {
  WANT_BYTE(type);
  WANT_COMM(comm);
  int own = 0;
  int code = CALL("MPI_Isend", (const void *, int, int, int, int, int, int *), bytes, count, BYTE, to, tag, COMM_WORLD,
                  &own);
  return keep(request, own, code);
}

int MPI_Recv(void *bytes, int count, Handle type, int from, int tag, Handle comm, void *status) {
  WANT_BYTE(type);
  WANT_COMM(comm);
  if (status != ABI_STATUS_IGNORE) return ABI_ERR_ARG;
  return CALL("MPI_Recv", (void *, int, int, int, int, int, void *), bytes, count, BYTE, from, tag, COMM_WORLD,
              STATUS_IGNORE);
}

int MPI_Iprobe(int from, int tag, Handle comm, int *flag, void *status) {
  WANT_COMM(comm);
  if (status != ABI_STATUS_IGNORE) return ABI_ERR_ARG;
  return CALL("MPI_Iprobe", (int, int, int, int *, void *), from, tag, COMM_WORLD, flag, STATUS_IGNORE);
}

int MPI_Test(Handle *request, int *flag, void *status) {
  if (status != ABI_STATUS_IGNORE) return ABI_ERR_ARG;
  int own = *request == ABI_REQUEST_NULL ? REQUEST_NULL : (int)(intptr_t)*request;
  int code = CALL("MPI_Test", (int *, int *, void *), &own, flag, STATUS_IGNORE);
  return keep(request, own, code);
}

int MPI_Abort(Handle comm, int code) {
  WANT_COMM(comm);
  return CALL("MPI_Abort", (int, int), COMM_WORLD, code);
}

int MPI_Finalize(void) { return ((int (*)(void))function("MPI_Finalize"))(); }
