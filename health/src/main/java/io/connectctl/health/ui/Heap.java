package io.connectctl.health.ui;

/**
 * The heap of a server's JVM.
 *
 * @param afterCollection what the last collection left, bytes; collectors that tell it by none but old generations: those and survivors as
 *     they are now, which grow between collections by large objects only
 * @param most how far it can grow, bytes
 */
public record Heap(long afterCollection, long most) {}
