/*
 * bench_case - the alert that is published: what must be said of a child, and text up to the wished size.
 */
#ifndef TESTS_BENCH_BENCH_CASE_H
#define TESTS_BENCH_BENCH_CASE_H

#include "proto/case.h"

/* Sendable, of about size_bytes packed. Freed with case_free. */
int bench_case_new(uint32_t size_bytes, struct err_note *note, Hotline__Case **ret_case) MUST_CHECK;

#endif
