/**
 * What the schedulers of clusters say of servers' applications: asked over their REST APIs with the JDK alone, as Hadoop's own client
 * brings a hundred jars. Used by {@code supervise}; knows nothing of phases.
 */
@NullMarked
package io.connectctl.manager.cluster;

import org.jspecify.annotations.NullMarked;
