package dev.palimpsest.examples.car;

/** A value of a render's parameter that its caption names. */
public interface Trait {
  /** The words that stand for it in captions. */
  String words();

  /** Its number in the scene files, from 1. */
  int number();
}
