package io.connectctl.health.ui;

/**
 * A Spark application as its UI tells it.
 *
 * @param id Spark's application id, such as {@code local-1763827200000}
 * @param name the application's name; every Spark Connect server has the same one by default
 * @param sparkVersion Spark's own version string, empty if the UI doesn't say
 */
public record Application(String id, String name, String sparkVersion) {}
