/**
 * Is a server usable? Probes that speak Spark Connect itself, their results, and the fold from results to a verdict. No Docker, no disk, no threads of its own; whoever supervises a server may use it.
 */
@NullMarked
package io.connectctl.health;

import org.jspecify.annotations.NullMarked;
